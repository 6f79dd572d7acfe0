module releases.test

// An older version than the newest releases': what is new in one is in a file with its build tag.
go 1.26
