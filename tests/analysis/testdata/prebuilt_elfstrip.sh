#!/bin/sh
# Stands for a prebuilt tool: analysis tests look at its name and do not run it.
exit 1
