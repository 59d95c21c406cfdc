package archive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"pylon/internal/store/framelog"
)

// connectMax bounds a connection's way to the database.
const connectMax = 10 * time.Second

// postgresConfig is how an archive connects: it may read one table for hours.
func postgresConfig(databaseURL string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err // it has taken the password out
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectMax
	}
	config.RuntimeParams["application_name"] = "pylon backup"
	for _, limit := range []string{"statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"} {
		config.RuntimeParams[limit] = "0"
	}
	return config, nil
}

// postgresSnapshot is a transaction that sees one moment of the database.
type postgresSnapshot struct {
	conn   *pgx.Conn
	tx     pgx.Tx
	frames bool
}

func openPostgresSnapshot(ctx context.Context, databaseURL string, frames bool) (snapshot, error) {
	config, err := postgresConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	s := &postgresSnapshot{frames: frames}
	if s.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, err
	}
	s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (*postgresSnapshot) name() string { return postgresName }

func (s *postgresSnapshot) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), connectMax)
	defer cancel()
	return s.conn.Close(ctx)
}

func (s *postgresSnapshot) schema(ctx context.Context) (version int64, err error) {
	if err := s.tx.QueryRow(ctx, versionText).Scan(&version); err != nil {
		return 0, fmt.Errorf("no database of Pylon: %w", err)
	}
	return version, nil
}

func (s *postgresSnapshot) tables(ctx context.Context) ([]Table, error) {
	all, err := tablesIn(ctx, s.tx, "")
	if err != nil || !s.frames {
		return all, err
	}
	frames, err := tablesIn(ctx, s.tx, framelog.PostgresSchema)
	for _, t := range frames {
		t.Frames = true
		all = append(all, t)
	}
	return all, err
}

// tablesIn returns the tables of a schema, by name; of "" those of the
// connection's own.
func tablesIn(ctx context.Context, from interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, schema string,
) (tables []Table, err error) {
	rows, err := from.Query(ctx, `SELECT c.table_name, c.column_name, c.data_type
		FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
		WHERE c.table_schema = COALESCE(NULLIF($1, ''), current_schema()) AND t.table_type = 'BASE TABLE'
		ORDER BY c.table_name COLLATE "C", c.ordinal_position`, schema)
	if err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	defer rows.Close()
	spelling := map[string]Kind{"bigint": BigInt, "text": Text, "bytea": Bytea, "boolean": Boolean}
	for rows.Next() {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return nil, fmt.Errorf("tables: %w", err)
		}
		known, ok := spelling[kind]
		if !ok {
			known = Kind(kind)
		}
		if tables, err = addColumn(tables, table, Column{column, known}); err != nil {
			return nil, err
		}
	}
	return tables, rows.Err()
}

// rows reads a table. Values are decoded from PostgreSQL's binary format here,
// where their kinds are known.
func (s *postgresSnapshot) rows(ctx context.Context, t Table, each func([]any) error) error {
	name := pgx.Identifier{t.Name}
	if t.Frames {
		name = pgx.Identifier{framelog.PostgresSchema, t.Name}
	}
	rows, err := s.tx.Query(ctx, "SELECT "+columnList(t)+" FROM "+name.Sanitize(), pgx.QueryResultFormats{pgx.BinaryFormatCode})
	if err != nil {
		return err
	}
	defer rows.Close()
	row := make([]any, len(t.Columns))
	for rows.Next() {
		for i, raw := range rows.RawValues() {
			if row[i], err = fromBinary(t.Columns[i].Kind, raw); err != nil {
				return fmt.Errorf("column %s: %w", t.Columns[i].Name, err)
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// fromBinary decodes a value of the binary format; nil is NULL.
func fromBinary(kind Kind, raw []byte) (any, error) {
	switch {
	case raw == nil:
		return nil, nil
	case kind == BigInt && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // two's complement
	case kind == Boolean && len(raw) == 1:
		return raw[0] == 1, nil
	case kind == Text || kind == Bytea:
		return raw, nil
	}
	return nil, fmt.Errorf("%d bytes are no %s", len(raw), kind)
}
