// Package keyguard holds secret keys in memory that is hard to read and that is watched. Each secret is in pages of its own outside of Go's
// heap, between pages that nobody can touch, locked in RAM, left out of core dumps and of child processes, and without any
// permission while no callback uses it. A canary and an HMAC-SHA3-256 over the pages are checked at each use, and by a timer. When they
// are not as they were, all secrets are overwritten and the process ends.
//
// Who may do what is decided by role: a CryptoOfficer makes and destroys secrets, a User uses them. Both prove who they are by a password.
//
// It refuses to hold a secret that it cannot lock in memory. It supports what FIPS 140-3 asks for at Level 2 of roles, authentication and
// zeroization; it certifies nothing. docs/keyguard.md says what it proves, and what it cannot do.
package keyguard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A Config says how a Guard behaves. The zero value is right for most programs.
type Config struct {
	// Interval is how often the secrets are checked besides each use; 0 means 500 ms, negative never.
	Interval time.Duration

	// OnViolation is called after a check failed and the secrets of all Guards were overwritten, with an error that says what was found.
	// If it is nil, the error is written to standard error, and the process ends with exit status ExitViolation.
	OnViolation func(error)

	// Iterations are those of PBKDF2, 0 means 600,000. Less than 1,000 is refused.
	Iterations int

	// Attempts are how many wrong passwords in a row lock a role, for LockOut. 0 means 5 and one minute.
	Attempts int
	LockOut  time.Duration

	// Signals end the process as they do by default, but only after all secrets were overwritten, for example os.Interrupt and
	// syscall.SIGTERM.
	Signals []os.Signal
}

// ExitViolation is the exit status of a process of which a secret was changed.
const ExitViolation = 70

// Errors that callers may look for with errors.Is.
var (
	ErrAuthentication = errors.New("keyguard: wrong password")
	ErrLocked         = errors.New("keyguard: role is locked after too many wrong passwords")
	ErrNotAllowed     = errors.New("keyguard: role may not do that")
	ErrViolation      = errors.New("keyguard: memory of a secret has changed")
	ErrClosed         = errors.New("keyguard: secrets were overwritten, or the session was ended")
	ErrNoSecret       = errors.New("keyguard: no secret of that name")
	ErrExists         = errors.New("keyguard: there is a secret of that name")
)

// A Guard holds secrets. Its methods may be called by several goroutines.
type Guard struct {
	config Config

	mu       sync.Mutex
	closed   bool
	canary   [canarySize]byte
	key      *slot // of the HMAC
	secrets  map[string]*slot
	accounts [roles]account
	stop     chan struct{}
}

// New returns a Guard whose CryptoOfficer has a password. It overwrites the password. Close the Guard when it is not needed any more.
func New(c Config, officer []byte) (*Guard, error) {
	defer clear(officer)
	set(&c.Interval, 500*time.Millisecond)
	set(&c.Iterations, 600_000)
	set(&c.Attempts, 5)
	set(&c.LockOut, time.Minute)
	if c.Iterations < 1000 || c.Attempts < 1 || c.LockOut < 0 {
		return nil, fmt.Errorf("keyguard: Config has %d iterations, %d attempts and lock-out %v, want at least 1000, 1 and 0",
			c.Iterations, c.Attempts, c.LockOut)
	}
	g := &Guard{config: c, secrets: map[string]*slot{}, stop: make(chan struct{})}
	rand.Read(g.canary[:])
	var err error
	if g.key, err = g.newSlot("", macSize, func(b []byte) { rand.Read(b) }); err != nil {
		return nil, err
	}
	if err := g.setPassword(CryptoOfficer, officer); err != nil {
		g.Close()
		return nil, err
	}
	guards.add(g)
	if c.Interval > 0 {
		go g.watch()
	}
	return g, nil
}

// set gives a setting that is zero its default.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// watch checks all secrets again and again.
func (g *Guard) watch() {
	t := time.NewTicker(g.config.Interval)
	defer t.Stop()
	for {
		select {
		case <-g.stop:
			return
		case <-t.C:
			g.Check()
		}
	}
}

// Check checks all secrets now. After a violation it does not return, unless Config.OnViolation does, and then it returns an error that
// is ErrViolation.
func (g *Guard) Check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	return g.checkAll()
}

// checkAll is Check, with the lock held.
func (g *Guard) checkAll() error {
	if err := g.checked(g.key); err != nil {
		return err
	}
	for i := range g.accounts {
		if s := g.accounts[i].verifier; s != nil {
			if err := g.checked(s); err != nil {
				return err
			}
		}
	}
	for _, s := range g.secrets {
		if err := g.checked(s); err != nil {
			return err
		}
	}
	return nil
}

// checked checks one slot, and acts when it is not as it was. The lock is held.
func (g *Guard) checked(s *slot) error {
	err := g.verify(s)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%w: %w", ErrViolation, err)
	g.zeroize()
	g.mu.Unlock() // what follows takes the locks of all Guards
	defer g.mu.Lock()
	guards.zeroize()
	if f := g.config.OnViolation; f != nil {
		f(err)
		return err
	}
	fmt.Fprintf(os.Stderr, "%v: all secrets were overwritten, the process ends\n", err)
	os.Exit(ExitViolation)
	panic("unreachable")
}

// Zeroize overwrites all secrets and passwords; the Guard is of no further use. Nobody needs to log in for it. A callback that is using a
// secret sees zeros.
func (g *Guard) Zeroize() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.zeroize()
}

// Close is Zeroize, for defer.
func (g *Guard) Close() error {
	g.Zeroize()
	guards.remove(g)
	return nil
}

// zeroize is Zeroize, with the lock held.
func (g *Guard) zeroize() {
	if g.closed {
		return
	}
	g.closed = true
	close(g.stop)
	for _, s := range g.secrets {
		s.destroy()
	}
	clear(g.secrets)
	for i := range g.accounts {
		if s := g.accounts[i].verifier; s != nil {
			s.destroy()
		}
		g.accounts[i] = account{}
	}
	g.key.destroy()
	clear(g.canary[:])
}

// Memory says what kind of memory holds the secrets: "memfd_secret", which not even the kernel maps, or "anonymous".
func (g *Guard) Memory() string { return g.key.pages.kind }
