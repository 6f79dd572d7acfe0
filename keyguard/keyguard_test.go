//go:build linux

package keyguard

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	officerPassword = "officer's password"
	userPassword    = "user's password"
)

// quick is a Config for tests.
func quick() Config { return Config{Iterations: 1000, Interval: -1} }

// start makes a Guard with both roles logged in.
func start(t testing.TB, c Config) (g *Guard, officer, user *Session) {
	t.Helper()
	g, err := New(c, []byte(officerPassword))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	if officer, err = g.Login(CryptoOfficer, []byte(officerPassword)); err != nil {
		t.Fatal(err)
	}
	if err := officer.SetPassword(User, []byte(userPassword)); err != nil {
		t.Fatal(err)
	}
	if user, err = g.Login(User, []byte(userPassword)); err != nil {
		t.Fatal(err)
	}
	return g, officer, user
}

// kinds runs a test with each kind of memory.
func kinds(t *testing.T, f func(t *testing.T)) {
	for _, secret := range []bool{true, false} {
		useSecret = secret
		p, err := newPages(1)
		if err != nil {
			t.Fatal(err)
		}
		kind := p.kind
		p.unmap()
		if secret && kind != "memfd_secret" {
			t.Log("NOT TESTED: this kernel has no memfd_secret")
			continue
		}
		t.Run(kind, f)
	}
	useSecret = true
}

// get returns a copy of a secret.
func get(t testing.TB, user *Session, name string) []byte {
	t.Helper()
	var out []byte
	if err := user.Use(name, func(secret []byte) error {
		out = bytes.Clone(secret)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUse(t *testing.T) {
	kinds(t, func(t *testing.T) {
		g, officer, user := start(t, quick())
		for _, size := range []int{1, 15, 16, 32, 4079, 4080, 4081, 4096, 4097, MaxSecret} {
			name := fmt.Sprint(size)
			want := bytes.Repeat([]byte{byte(size), 7, 1}, size)[:size]
			given := bytes.Clone(want)
			if err := officer.Import(name, given); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(given, make([]byte, size)) {
				t.Error("Import left the secret where it was")
			}
			if got := get(t, user, name); !bytes.Equal(got, want) {
				t.Errorf("%d bytes: another secret came back", size)
			}
			if err := g.Check(); err != nil {
				t.Fatal(err)
			}
			if err := officer.Destroy(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := officer.Generate("random", 32); err != nil {
			t.Fatal(err)
		}
		if got := get(t, user, "random"); len(got) != 32 || bytes.Equal(got, make([]byte, 32)) {
			t.Errorf("generated % x", got)
		}
		failure := errors.New("of the callback")
		if err := user.Use("random", func([]byte) error { return failure }); err != failure {
			t.Errorf("error %v", err)
		}
		// Callbacks that overlap, and one that uses another secret.
		if err := officer.Import("other", []byte("other")); err != nil {
			t.Fatal(err)
		}
		if err := user.Use("random", func(a []byte) error {
			return user.Use("other", func(b []byte) error {
				return user.Use("random", func(c []byte) error {
					if !bytes.Equal(a, c) || string(b) != "other" {
						t.Error("secrets are mixed up")
					}
					return g.Check()
				})
			})
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestRoles: every operation by every role.
func TestRoles(t *testing.T) {
	g, officer, user := start(t, quick())
	if err := officer.Generate("key", 16); err != nil {
		t.Fatal(err)
	}
	operations := map[string]func(s *Session) error{
		opSetPassword: func(s *Session) error { return s.SetPassword(User, []byte(userPassword)) },
		opUnlock:      (*Session).Unlock,
		opGenerate:    func(s *Session) error { return s.Generate(fmt.Sprint(s.role), 16) },
		opImport:      func(s *Session) error { return s.Import(fmt.Sprint(s.role, "'s"), []byte("secret")) },
		opDestroy:     func(s *Session) error { return s.Destroy(fmt.Sprint(s.role)) },
		opUse:         func(s *Session) error { return s.Use("key", func([]byte) error { return nil }) },
	}
	for _, operation := range []string{opSetPassword, opUnlock, opGenerate, opImport, opDestroy, opUse} {
		for _, s := range []*Session{officer, user} {
			want := (operation == opUse) == (s == user)
			err := operations[operation](s)
			if want && err != nil || !want && !errors.Is(err, ErrNotAllowed) {
				t.Errorf("%s by %v: error %v", operation, s.role, err)
			}
		}
	}
	if len(operations) != len(allowed) {
		t.Errorf("%d operations are tested, want %d", len(operations), len(allowed))
	}
	user.End()
	if err := operations[opUse](user); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end of the session: %v", err)
	}
	g.Zeroize()
	for operation, f := range operations {
		if s := map[bool]*Session{true: user, false: officer}[operation == opUse]; !errors.Is(f(s), ErrClosed) {
			t.Errorf("%s after Zeroize is no error", operation)
		}
	}
	if _, err := g.Login(CryptoOfficer, []byte(officerPassword)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Zeroize: %v", err)
	}
	if err := g.Check(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Zeroize: %v", err)
	}
}

func TestPasswords(t *testing.T) {
	c := quick()
	c.Attempts, c.LockOut = 3, time.Hour
	g, officer, _ := start(t, c)
	login := func(r Role, password string, want error) {
		t.Helper()
		p := []byte(password)
		s, err := g.Login(r, p)
		if !errors.Is(err, want) || (s == nil) == (err == nil) {
			t.Errorf("%v: error %v, want %v", r, err, want)
		}
		if !bytes.Equal(p, make([]byte, len(p))) {
			t.Error("Login left the password where it was")
		}
	}
	for range 2 { // wrong ones that are not in a row do not lock
		login(User, "wrong", ErrAuthentication)
		login(User, officerPassword, ErrAuthentication)
		login(User, userPassword, nil)
	}
	for range 3 {
		login(User, "", ErrAuthentication)
	}
	login(User, userPassword, ErrLocked)
	login(CryptoOfficer, officerPassword, nil)
	if err := officer.Unlock(); err != nil {
		t.Fatal(err)
	}
	login(User, userPassword, nil)
	for range 3 {
		login(User, "wrong", ErrAuthentication)
	}
	if err := officer.SetPassword(User, []byte("another password")); err != nil {
		t.Fatal(err)
	}
	login(User, userPassword, ErrAuthentication)
	login(User, "another password", nil)
	if _, err := g.Login(2, []byte(userPassword)); err == nil || !strings.Contains(err.Error(), "there is no Role(2)") {
		t.Errorf("error %v", err)
	}
	if err := officer.SetPassword(User, []byte("short")); err == nil || !strings.Contains(err.Error(), "has 5 bytes, want at least 8") {
		t.Errorf("error %v", err)
	}

	// Of many attempts at a time no more are answered than one after the other.
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for range 20 {
		wg.Go(func() {
			if _, err := g.Login(User, []byte("wrong")); errors.Is(err, ErrAuthentication) {
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if answered != 3 {
		t.Errorf("%d attempts were answered, want 3", answered)
	}
}

func TestLockOutEnds(t *testing.T) {
	c := quick()
	c.Attempts, c.LockOut = 1, 50*time.Millisecond
	g, _, _ := start(t, c)
	if _, err := g.Login(CryptoOfficer, []byte("wrong")); !errors.Is(err, ErrAuthentication) {
		t.Errorf("error %v", err)
	}
	if _, err := g.Login(CryptoOfficer, []byte(officerPassword)); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	time.Sleep(c.LockOut)
	if _, err := g.Login(CryptoOfficer, []byte(officerPassword)); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	_, officer, user := start(t, quick())
	if err := officer.Generate("key", 16); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]func() error{
		`no secret of that name: "none"`:     func() error { return user.Use("none", nil) },
		`there is a secret of that name`:     func() error { return officer.Generate("key", 16) },
		`no secret of that name: "absent"`:   func() error { return officer.Destroy("absent") },
		`a secret of 0 bytes, want 1 to`:     func() error { return officer.Import("empty", nil) },
		`a secret of 65537 bytes, want 1 to`: func() error { return officer.Generate("large", MaxSecret+1) },
		`has 999 iterations`: func() error {
			_, err := New(Config{Iterations: 999},
				[]byte(officerPassword))
			return err
		},
		`the password of CryptoOfficer has 3`: func() error { _, err := New(quick(), []byte("abc")); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// change writes to the pages of a slot, as a bug or an attacker would.
func change(t *testing.T, s *slot, at int) {
	t.Helper()
	if err := s.pages.protect(write); err != nil {
		t.Fatal(err)
	}
	s.pages.inner[at] ^= 1
	if err := s.pages.protect(none); err != nil {
		t.Fatal(err)
	}
}

// TestViolation: a change anywhere in the pages of any slot is found, at use and by the timer, and no secret is left.
func TestViolation(t *testing.T) {
	kinds(t, func(t *testing.T) {
		for _, test := range []struct {
			slot func(g *Guard) *slot
			at   int
			want string
		}{
			{func(g *Guard) *slot { return g.secrets["key"] }, 0, `secret "key": the canary before it was overwritten, at byte 0 of `},
			{func(g *Guard) *slot { return g.secrets["key"] }, 4096 - 33, `secret "key": the canary before it was overwritten`},
			{func(g *Guard) *slot { return g.secrets["key"] }, 4096 - 32, `secret "key": its HMAC is wrong`},
			{func(g *Guard) *slot { return g.secrets["key"] }, 4095, `secret "key": its HMAC is wrong`},
			{func(g *Guard) *slot { return g.key }, 4095, `: its HMAC is wrong`},
			{func(g *Guard) *slot { return g.key }, 3, `the key of the HMAC: the canary before it was overwritten`},
			{func(g *Guard) *slot { return g.accounts[User].verifier }, 4095, `secret "password of User": its HMAC is wrong`},
		} {
			for _, by := range []string{"check", "use", "timer"} {
				found := make(chan error, 1)
				c := quick()
				c.OnViolation = func(err error) { found <- err }
				if by == "timer" {
					c.Interval = time.Millisecond
				}
				g, officer, user := start(t, c)
				other, _, otherUser := start(t, quick())
				if err := officer.Generate("key", 32); err != nil {
					t.Fatal(err)
				}
				g.mu.Lock()
				s := test.slot(g)
				change(t, s, test.at)
				g.mu.Unlock()
				var err error
				switch by {
				case "check":
					err = g.Check()
				case "use":
					if s != g.secrets["key"] {
						continue
					}
					err = user.Use("key", func([]byte) error {
						t.Error("the callback got a secret that has changed")
						return nil
					})
				default:
					err = ErrViolation
				}
				told := <-found
				if !errors.Is(err, ErrViolation) || !errors.Is(told, ErrViolation) || !strings.Contains(told.Error(), test.want) {
					t.Errorf("byte %d, by %s: errors %v and %v, want %q", test.at, by, err, told, test.want)
				}
				if err := user.Use("key", nil); !errors.Is(err, ErrClosed) {
					t.Errorf("after a violation: %v", err)
				}
				if err := otherUser.Use("key", nil); !errors.Is(err, ErrClosed) || !errors.Is(other.Check(), ErrClosed) {
					t.Errorf("after a violation, another Guard: %v", err)
				}
			}
		}
	})
}

// TestWipe: what is overwritten is zero.
func TestWipe(t *testing.T) {
	kinds(t, func(t *testing.T) {
		p, err := newPages(100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.inner {
			p.inner[i] = 0xee
		}
		if err := p.protect(none); err != nil {
			t.Fatal(err)
		}
		p.wipe()
		if !bytes.Equal(p.inner, make([]byte, len(p.inner))) {
			t.Error("bytes were left")
		}
		p.unmap()
	})
}

// A callback sees zeros when the secrets are overwritten meanwhile.
func TestZeroizeInUse(t *testing.T) {
	kinds(t, func(t *testing.T) {
		g, officer, user := start(t, quick())
		if err := officer.Import("key", []byte("secret")); err != nil {
			t.Fatal(err)
		}
		if err := user.Use("key", func(secret []byte) error {
			g.Zeroize()
			if !bytes.Equal(secret, make([]byte, 6)) {
				t.Errorf("the secret is %q", secret)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	c := quick()
	c.Interval = time.Millisecond
	c.OnViolation = func(err error) { t.Error(err) }
	g, officer, user := start(t, c)
	if err := officer.Import("shared", []byte("shared secret")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			name := fmt.Sprint(i)
			for range 50 {
				if err := officer.Import(name, []byte(name)); err != nil {
					t.Error(err)
				}
				if got := get(t, user, name); string(got) != name {
					t.Errorf("%q has %q", name, got)
				}
				if got := get(t, user, "shared"); string(got) != "shared secret" {
					t.Errorf("shared has %q", got)
				}
				if err := officer.Destroy(name); err != nil {
					t.Error(err)
				}
				if err := g.Check(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	go g.Zeroize()
	for {
		if err := user.Use("shared", func([]byte) error { return nil }); err != nil {
			if !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
			break
		}
	}
}

// FuzzOperations compares a Guard with a map.
func FuzzOperations(f *testing.F) {
	f.Add([]byte{0, 1, 10, 3, 1, 0, 2, 1, 0, 3, 1, 0})
	f.Add([]byte{1, 2, 200, 3, 2, 0, 0, 2, 4, 4, 0, 0, 3, 2, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		c := quick()
		c.OnViolation = func(err error) { t.Error(err) }
		g, officer, user := start(t, c)
		defer g.Close()
		model := map[string][]byte{}
		for ; len(program) >= 3; program = program[3:] {
			name, n := fmt.Sprint(program[1]%4), int(program[2])
			old, exists := model[name]
			switch program[0] % 5 {
			case 0: // Import
				secret := bytes.Repeat([]byte{byte(n) | 1}, n)
				err := officer.Import(name, bytes.Clone(secret))
				if (err == nil) != (!exists && n > 0) {
					t.Fatalf("Import of %d bytes, there is one %v: %v", n, exists, err)
				}
				if err == nil {
					model[name] = secret
				}
			case 1: // Generate
				err := officer.Generate(name, n*300)
				if (err == nil) != (!exists && n > 0 && n*300 <= MaxSecret) {
					t.Fatalf("Generate of %d bytes, there is one %v: %v", n*300, exists, err)
				}
				if err == nil {
					model[name] = get(t, user, name)
				}
			case 2:
				if err := officer.Destroy(name); (err == nil) != exists {
					t.Fatalf("Destroy, there is one %v: %v", exists, err)
				}
				delete(model, name)
			case 3:
				if exists && !bytes.Equal(get(t, user, name), old) {
					t.Fatal("a secret has changed")
				}
			case 4:
				if err := g.Check(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(g.secrets) != len(model) {
			t.Fatalf("%d secrets, want %d", len(g.secrets), len(model))
		}
	})
}
