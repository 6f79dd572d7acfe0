package keyguard

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
	"unsafe"
)

// A Role is who asks.
type Role int

const (
	CryptoOfficer Role = iota // makes and destroys secrets, sets passwords
	User                      // uses secrets

	roles = 2
)

func (r Role) String() string {
	switch r {
	case CryptoOfficer:
		return "CryptoOfficer"
	case User:
		return "User"
	}
	return fmt.Sprintf("Role(%d)", int(r))
}

// Names of operations.
const (
	opSetPassword = "SetPassword"
	opUnlock      = "Unlock"
	opGenerate    = "Generate"
	opImport      = "Import"
	opDestroy     = "Destroy"
	opUse         = "Use"
)

// allowed says which roles may do what. Check, Zeroize and Close are anybody's.
var allowed = map[string][]Role{
	opSetPassword: {CryptoOfficer},
	opUnlock:      {CryptoOfficer},
	opGenerate:    {CryptoOfficer},
	opImport:      {CryptoOfficer},
	opDestroy:     {CryptoOfficer},
	opUse:         {User},
}

// An account is how a role proves itself.
type account struct {
	verifier *slot // salt, then the key derived of the password; nil while there is no password
	failures int   // wrong passwords in a row
	locked   time.Time
}

const (
	saltSize = 32
	keySize  = 32
)

// MinPassword is the size in bytes of the shortest password.
const MinPassword = 8

// setPassword gives a role a password.
func (g *Guard) setPassword(r Role, password []byte) error {
	if r < 0 || r >= roles {
		return fmt.Errorf("keyguard: there is no %v", r)
	}
	if len(password) < MinPassword {
		return fmt.Errorf("keyguard: the password of %v has %d bytes, want at least %d", r, len(password), MinPassword)
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	derived, err := g.derive(password, salt)
	if err != nil {
		return err
	}
	defer clear(derived)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	s, err := g.newSlot("password of "+r.String(), saltSize+keySize, func(b []byte) { copy(b[copy(b, salt):], derived) })
	if err != nil {
		return err
	}
	if old := g.accounts[r].verifier; old != nil {
		old.destroy()
	}
	g.accounts[r] = account{verifier: s}
	return nil
}

// derive makes a key of a password (SP 800-132).
func (g *Guard) derive(password, salt []byte) ([]byte, error) {
	// Not string(password), which would be a copy in Go's heap.
	return pbkdf2.Key(sha256.New, unsafe.String(unsafe.SliceData(password), len(password)), salt, g.config.Iterations, keySize)
}

// A Session is a role that has proven itself. Its methods may be called by several goroutines.
type Session struct {
	g     *Guard
	role  Role
	ended bool // under the Guard's lock
}

// Login starts a session of a role, and overwrites the password. The error is ErrAuthentication, or after Config.Attempts wrong passwords
// in a row ErrLocked, also for the right one, until Config.LockOut has passed or the CryptoOfficer unlocks the User.
func (g *Guard) Login(r Role, password []byte) (*Session, error) {
	defer clear(password)
	if r < 0 || r >= roles {
		return nil, fmt.Errorf("keyguard: there is no %v", r)
	}
	salt, err := g.attempt(r)
	if err != nil {
		return nil, err
	}
	derived, err := g.derive(password, salt)
	if err != nil {
		return nil, err
	}
	defer clear(derived)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrClosed
	}
	a := &g.accounts[r]
	right := false
	err = g.reading(a.verifier, func(b []byte) {
		right = hmac.Equal(b[:saltSize], salt) && hmac.Equal(b[saltSize:], derived)
	})
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, ErrAuthentication
	}
	a.failures, a.locked = 0, time.Time{}
	return &Session{g: g, role: r}, nil
}

// attempt counts a password as wrong before it is known to be right, so that many attempts at a time are counted, too. It returns the salt.
func (g *Guard) attempt(r Role) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrClosed
	}
	a := &g.accounts[r]
	switch {
	case a.verifier == nil:
		return nil, fmt.Errorf("%w: %v has none yet", ErrAuthentication, r)
	case time.Now().Before(a.locked):
		return nil, fmt.Errorf("%w: %v, until %v", ErrLocked, r, a.locked.Format(time.TimeOnly))
	}
	if a.failures++; a.failures >= g.config.Attempts {
		a.failures, a.locked = 0, time.Now().Add(g.config.LockOut)
	}
	var salt []byte
	err := g.reading(a.verifier, func(b []byte) { salt = slices.Clone(b[:saltSize]) })
	return salt, err
}

// reading checks a slot and calls f with its secret, all with the lock held.
func (g *Guard) reading(s *slot, f func([]byte)) error {
	if err := g.checked(s); err != nil {
		return err
	}
	if err := s.pages.protect(read); err != nil {
		return err
	}
	f(s.secret)
	if s.users > 0 {
		return nil
	}
	return s.pages.protect(none)
}

// begin takes the lock for an operation, if the role may do it.
func (s *Session) begin(operation string) error {
	if !slices.Contains(allowed[operation], s.role) {
		return fmt.Errorf("%w: %s by %v", ErrNotAllowed, operation, s.role)
	}
	s.g.mu.Lock()
	if s.ended || s.g.closed {
		s.g.mu.Unlock()
		return ErrClosed
	}
	return nil
}

// End ends the session.
func (s *Session) End() {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.ended = true
}

// SetPassword gives a role another password, and overwrites the one that it gets. It unlocks the role. CryptoOfficer only.
func (s *Session) SetPassword(r Role, password []byte) error {
	defer clear(password)
	if err := s.begin(opSetPassword); err != nil {
		return err
	}
	s.g.mu.Unlock()
	return s.g.setPassword(r, password)
}

// Unlock lets the User try passwords again. CryptoOfficer only.
func (s *Session) Unlock() error {
	if err := s.begin(opUnlock); err != nil {
		return err
	}
	defer s.g.mu.Unlock()
	a := &s.g.accounts[User]
	a.failures, a.locked = 0, time.Time{}
	return nil
}

// Generate makes a secret of random bytes, 1 to MaxSecret. CryptoOfficer only.
func (s *Session) Generate(name string, size int) error {
	return s.add(opGenerate, name, size, func(b []byte) { rand.Read(b) })
}

// Import makes a secret of bytes, 1 to MaxSecret, and overwrites them where they are. CryptoOfficer only.
func (s *Session) Import(name string, secret []byte) error {
	defer clear(secret)
	return s.add(opImport, name, len(secret), func(b []byte) { copy(b, secret) })
}

func (s *Session) add(operation, name string, size int, fill func([]byte)) error {
	if err := s.begin(operation); err != nil {
		return err
	}
	defer s.g.mu.Unlock()
	if s.g.secrets[name] != nil {
		return fmt.Errorf("%w: %q", ErrExists, name)
	}
	if err := s.g.checked(s.g.key); err != nil {
		return err
	}
	made, err := s.g.newSlot(name, size, fill)
	if err != nil {
		return err
	}
	s.g.secrets[name] = made
	return nil
}

// Destroy overwrites a secret. CryptoOfficer only.
func (s *Session) Destroy(name string) error {
	if err := s.begin(opDestroy); err != nil {
		return err
	}
	defer s.g.mu.Unlock()
	found := s.g.secrets[name]
	if found == nil {
		return fmt.Errorf("%w: %q", ErrNoSecret, name)
	}
	delete(s.g.secrets, name)
	found.destroy()
	return nil
}

// Use calls f with a secret, which f may read, but not write: that is a fault, which ends the program. After f has returned, to read it
// is one, too. Several callbacks may read a secret at the same time. The error is that of f, if there is no other. User only.
func (s *Session) Use(name string, f func(secret []byte) error) error {
	if err := s.begin(opUse); err != nil {
		return err
	}
	found := s.g.secrets[name]
	if found == nil {
		s.g.mu.Unlock()
		return fmt.Errorf("%w: %q", ErrNoSecret, name)
	}
	err := s.g.checked(found)
	if err == nil {
		err = found.pages.protect(read)
	}
	if err != nil {
		s.g.mu.Unlock()
		return err
	}
	found.users++
	s.g.mu.Unlock()
	defer s.g.release(found)
	return f(found.secret)
}

// release ends the use of a slot.
func (g *Guard) release(s *slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.users--
	switch {
	case s.users > 0:
	case s.gone:
		s.destroy()
	default:
		if err := s.pages.protect(none); err != nil {
			panic(err) // else the secret would stay readable
		}
	}
}
