package framelog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"pylon/internal/kernel/ident"
)

const (
	// PostgresSchema is where the log's tables are, beside those of the facts.
	PostgresSchema = "frames"

	connectMax = 5 * time.Second // a database that is away is tried again every second
	idleMax    = time.Minute     // searches are rare: their connections go
	makeTries  = 5               // of the tables, while other nodes make them, too
)

// openPostgres opens the database and makes the log's tables in a schema of
// their own. Its connections are apart from those of the facts and few.
//
// synchronous_commit=off: as on SQLite, a commit waits for no fsync. A crash of
// the database server costs the last moments of evidence, and the tables stay
// whole.
func openPostgres(ctx context.Context, databaseURL string, node ident.NodeID) (*disk, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = PostgresSchema
	config.RuntimeParams["synchronous_commit"] = "off"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "pylon frames"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectMax
	}
	writer, reader := stdlib.OpenDB(*config), stdlib.OpenDB(*config)
	writer.SetMaxOpenConns(1)
	reader.SetMaxOpenConns(readers)
	reader.SetConnMaxIdleTime(idleMax)
	d := &disk{
		node: node, writer: writer, reader: reader, holds: "position($1 IN stations) > 0", size: sizePostgres,
		still: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	}
	if err := makePostgres(ctx, writer); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// makePostgres makes the tables. IF NOT EXISTS does not keep two nodes that make
// them at the same moment from failing: the second finds them when it tries
// again.
func makePostgres(ctx context.Context, db *sql.DB) (err error) {
	for range makeTries {
		var made bool
		err = db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, PostgresSchema+".merged_blocks_by_span").Scan(&made)
		if err == nil && made {
			return nil
		}
		if err == nil {
			_, err = db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+PostgresSchema+";\n"+schema)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// sizePostgres returns how many bytes the blocks take, when they take more than
// enough. What was deleted leaves room in the tables' files that is used again,
// so the files tell only that there is less; else the blocks are added up, which
// reads none of their data.
func sizePostgres(ctx context.Context, db *sql.DB, enough int64) (size int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT pg_total_relation_size('merged_blocks') + pg_total_relation_size('fresh_blocks')`).Scan(&size)
	if err == nil && size > enough {
		const row = 512 // bytes of a block beside its data, in tables and indexes
		err = db.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(length(data) + $1), 0) AS BIGINT) FROM merged_blocks`, row).Scan(&size)
	}
	return size, err
}
