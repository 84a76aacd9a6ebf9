// Does @clickhouse/client use the front unchanged, packed and not? Says OK at the end.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ClickHouseError, createClient } from "@clickhouse/client";

const [address, password, readersPassword] = process.argv.slice(2);
const ENDLESS = "SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1";

const COLUMNS = `n UInt64, s String, f Float64, o Nullable(Int32), l Array(String), m Map(String, UInt8),
  w LowCardinality(String), u UUID, t DateTime('UTC'), e Enum8('a' = 1, 'b' = 2), b Bool, j JSON`;
const ROW = {
  n: "1", s: "it's\ta\\b", f: 0.5, o: null, l: ["a", "b"], m: { k: 1 }, w: "low",
  u: "61f0c404-5cb3-11e7-907b-a6006ad3dba0", t: "2026-01-02 03:04:05", e: "b", b: true, j: { k: "v" },
};

function connect(options) {
  return createClient({ url: `http://${address}`, username: "default", password, ...options });
}

async function attempt(compression) {
  const client = connect({ compression });
  assert.equal((await client.ping()).success, true);
  assert.equal((await client.ping({ select: true })).success, true);
  await client.command({ query: `CREATE OR REPLACE TABLE js_driver (${COLUMNS}) ENGINE = MergeTree ORDER BY n` });
  await client.insert({ table: "js_driver", values: [ROW], format: "JSONEachRow" });
  const query_params = { n: 1, s: "it's\ta\\b" };
  const query = "SELECT * FROM js_driver WHERE n = {n:UInt64} AND s = {s:String}";
  const settings = { output_format_json_quote_64bit_integers: 1 };
  const found = await client.query({ query, query_params, format: "JSONEachRow", clickhouse_settings: settings });
  assert.deepEqual(await found.json(), [ROW]);
  await stream(client);
  await failures(client);
  await kill(client);
  await client.command({ query: "DROP TABLE js_driver" });
  await client.close();
}

async function stream(client) {
  const result = await client.query({ query: "SELECT number FROM numbers(1000000)", format: "JSONCompactEachRow" });
  let count = 0;
  for await (const rows of result.stream()) count += rows.length;
  assert.equal(count, 1000000);
}

async function failures(client) {
  await assert.rejects(client.query({ query: "SELECT * FROM nowhere" }), (error) => {
    assert.ok(error instanceof ClickHouseError);
    assert.equal(error.code, "60");
    assert.equal(error.type, "UNKNOWN_TABLE");
    return true;
  });
  await assert.rejects(async () => {
    const query = "SELECT throwIf(number = 3000000, 'late'), number FROM numbers(4000000)";
    const result = await client.query({ query, format: "JSONCompactEachRow" });
    for await (const rows of result.stream()) assert.ok(rows.length);
  }, /late|aborted|terminated|hang up/);
}

async function kill(client) {
  const query_id = randomUUID();
  const ended = assert.rejects(client.query({ query: ENDLESS, query_id }).then((result) => result.text()), /394|cancelled/i);
  for (let killed = []; !killed.length; ) {
    const result = await client.query({ query: `KILL QUERY WHERE query_id = '${query_id}' SYNC`, format: "JSONEachRow" });
    killed = await result.json();
  }
  await ended;
  const abort = new AbortController();
  const left = client.query({ query: ENDLESS, abort_signal: abort.signal });
  abort.abort();
  await assert.rejects(left);
}

async function read() {
  const reader = connect({ username: "analyst", password: readersPassword });
  const result = await reader.query({ query: "SELECT name FROM system.databases", format: "JSONEachRow" });
  assert.ok(await result.json());
  await assert.rejects(reader.command({ query: "CREATE TABLE x (a Int8) ENGINE = Memory" }), /497|privileges/);
  await reader.close();
}

await attempt({ request: false, response: false });
await attempt({ request: true, response: true });
await read();
console.log("OK @clickhouse/client");
