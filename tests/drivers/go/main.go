// Does clickhouse-go use the front unchanged, over HTTP, packed and not? Says OK at the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const columns = `n UInt64, s String, f Float64, o Nullable(Int32), l Array(String), m Map(String, UInt8),
	w LowCardinality(String), u UUID, d Date, t DateTime('Asia/Tokyo'), p DateTime64(3, 'UTC'), x Decimal(10, 2),
	e Enum8('a' = 1, 'b' = 2), b Bool, k Tuple(a UInt8, b String)`

const values = `number, toString(number), number / 2, if(number % 2 = 1, NULL, number), ['a', 'b'], map('k', 1),
	'low', toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), '2026-01-02', toDateTime('2026-01-02 03:04:05', 'Asia/Tokyo'),
	'2026-01-02 03:04:05.678', 1.25, 'b', true, (1, 'x')`

func main() {
	log.SetFlags(0)
	address, password := os.Args[1], os.Args[2]
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP,
	} {
		try(address, password, method)
	}
	fmt.Println("OK clickhouse-go")
}

func try(address string, password string, method clickhouse.CompressionMethod) {
	client, err := clickhouse.Open(&clickhouse.Options{
		Addr:        []string{address},
		Protocol:    clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: "default", Username: "default", Password: password},
		Compression: &clickhouse.Compression{Method: method},
	})
	must(err)
	defer client.Close()
	ctx := context.Background()
	must(client.Ping(ctx))
	version, err := client.ServerVersion()
	must(err)
	is(version.Version.Major >= 26, "version", version)
	must(client.Exec(ctx, "CREATE OR REPLACE TABLE go_driver ("+columns+") ENGINE = MergeTree ORDER BY n"))
	must(client.Exec(ctx, "INSERT INTO go_driver SELECT "+values+" FROM numbers(10)"))
	insert(ctx, client)
	types(ctx, client)
	stream(ctx, client)
	failures(ctx, client)
	kill(ctx, client)
	must(client.Exec(ctx, "DROP TABLE go_driver"))
}

func insert(ctx context.Context, client clickhouse.Conn) {
	batch, err := client.PrepareBatch(ctx, "INSERT INTO go_driver (n, s, l)")
	must(err)
	for n := range uint64(1000) {
		must(batch.Append(100+n, "sent", []string{"x"}))
	}
	must(batch.Send())
	var count uint64
	must(client.QueryRow(ctx, "SELECT count() FROM go_driver WHERE s = 'sent'").Scan(&count))
	is(count == 1000, "rows sent", count)
}

func types(ctx context.Context, client clickhouse.Conn) {
	rows, err := client.Query(ctx, "SELECT * FROM go_driver WHERE n = {n:UInt64}", clickhouse.Named("n", "1"))
	must(err)
	defer rows.Close()
	is(rows.Next(), "no row", rows.Err())
	var row struct {
		N uint64           `ch:"n"`
		S string           `ch:"s"`
		F float64          `ch:"f"`
		O *int32           `ch:"o"`
		L []string         `ch:"l"`
		M map[string]uint8 `ch:"m"`
		W string           `ch:"w"`
		T time.Time        `ch:"t"`
		P time.Time        `ch:"p"`
		E string           `ch:"e"`
		B bool             `ch:"b"`
	}
	names := rows.Columns()
	is(len(names) == 15, "columns", names)
	must(rows.Close())
	must(client.QueryRow(ctx, "SELECT n, s, f, o, l, m, w, t, p, e, b FROM go_driver WHERE n = 1").ScanStruct(&row))
	is(row.N == 1 && row.S == "1" && row.F == 0.5 && row.O == nil, "numbers", row)
	is(len(row.L) == 2 && row.M["k"] == 1 && row.W == "low" && row.E == "b" && row.B, "values", row)
	is(row.T.Location().String() == "Asia/Tokyo" && row.T.Hour() == 3, "zone", row.T)
	is(row.P.UnixMilli() == 1767323045678, "milliseconds", row.P)
}

func stream(ctx context.Context, client clickhouse.Conn) {
	rows, err := client.Query(ctx, "SELECT number, toString(number) FROM numbers(1000000)")
	must(err)
	defer rows.Close()
	var number, sum, count uint64
	var text string
	for rows.Next() {
		must(rows.Scan(&number, &text))
		sum, count = sum+number, count+1
	}
	must(rows.Err())
	is(count == 1000000 && sum == 499999500000, "stream", count, sum)
}

func failures(ctx context.Context, client clickhouse.Conn) {
	var exception *clickhouse.Exception
	err := client.Exec(ctx, "SELECT * FROM nowhere")
	is(errors.As(err, &exception) && exception.Code == 60, "an unknown table", err)
	rows, err := client.Query(ctx, "SELECT throwIf(number = 3000000, 'late') FROM numbers(4000000)")
	must(err)
	defer rows.Close()
	for rows.Next() {
	}
	is(errors.As(rows.Err(), &exception) && exception.Code == 395, "a late error", rows.Err())
	var one uint8
	must(client.QueryRow(ctx, "SELECT 1").Scan(&one))
}

func kill(ctx context.Context, client clickhouse.Conn) {
	ended := make(chan error)
	named := clickhouse.Context(ctx, clickhouse.WithQueryID("go-endless"))
	go func() {
		ended <- client.Exec(named, "SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1")
	}()
	for killed := 0; killed == 0; {
		// A new connection of this driver asks for the server's version first, by the same id.
		rows, err := client.Query(ctx, "KILL QUERY WHERE query_id = 'go-endless' AND query LIKE 'SELECT sleep%' SYNC")
		must(err)
		for rows.Next() {
			killed++
		}
		must(rows.Err())
	}
	is(<-ended != nil, "a killed statement has no error")
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	is(client.Exec(soon, "SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1") != nil, "no deadline")
}

func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}

func is(holds bool, what ...any) {
	if !holds {
		log.Panic(what...)
	}
}
