package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// TryLock takes a named lock of the session. The server's names are global, and
// have at most 64 characters (4163), so the name is made from the database's.
func (db *DB) TryLock(ctx context.Context, name string) (bool, error) {
	rows, err := db.Query(ctx, "SELECT GET_LOCK(?, 0)", db.lockName(name))
	if err != nil {
		return false, err
	}
	if rows[0][0] == nil {
		return false, errors.New("the server gave no answer to GET_LOCK")
	}
	return rows[0][0] == int64(1), nil
}

// Unlock releases the lock. On a lost session there is nothing left to release.
func (db *DB) Unlock(ctx context.Context, name string) error {
	if !db.conn.IsValid() {
		return nil
	}
	_, err := db.Query(ctx, "SELECT RELEASE_LOCK(?)", db.lockName(name))
	return err
}

func (db *DB) lockName(name string) string {
	sum := sha256.Sum256([]byte(db.config.DBName))
	return "migrate:" + name + ":" + hex.EncodeToString(sum[:12])
}
