package main

// sysGetcpu is missing in package syscall for this machine.
const sysGetcpu = 309
