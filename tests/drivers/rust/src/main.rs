//! Does the crate `clickhouse` use the front unchanged, as shipped (RowBinaryWithNamesAndTypes, lz4)
//! and unpacked? Says OK at the end.

use std::time::Duration;

use clickhouse::{Client, Compression, Row, error::Error};
use serde::{Deserialize, Serialize};

const COLUMNS: &str = "n UInt64, s String, f Float64, o Nullable(Int32), l Array(String), \
    m Map(String, UInt8), w LowCardinality(String), t DateTime('UTC'), b Bool, k Tuple(UInt8, String)";
const ENDLESS: &str = "SELECT sleepEachRow(1) AS n FROM numbers(100) SETTINGS max_block_size = 1";

#[derive(Row, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Thing {
    n: u64,
    s: String,
    f: f64,
    o: Option<i32>,
    l: Vec<String>,
    m: Vec<(String, u8)>,
    w: String,
    t: u32,
    b: bool,
    k: (u8, String),
}

fn thing(n: u64) -> Thing {
    Thing {
        n,
        s: format!("it's\t{n}"),
        f: 0.5,
        o: (n % 2 == 0).then_some(-1),
        l: vec!["a".into(), "b".into()],
        m: vec![("k".into(), 1)],
        w: "low".into(),
        t: 1_767_323_045,
        b: true,
        k: (1, "x".into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::default()
        .with_url(format!("http://{}", arguments[0]))
        .with_user("default")
        .with_password(&arguments[1]);
    attempt(&client).await?;
    attempt(&client.clone().with_compression(Compression::None)).await?;
    let reader = client.with_user("analyst").with_password(&arguments[2]);
    reader
        .query("SELECT name FROM system.databases")
        .fetch_all::<String>()
        .await?;
    let refused = reader
        .query("CREATE TABLE x (a Int8) ENGINE = Memory")
        .execute()
        .await;
    is_refused(refused, "497");
    println!("OK clickhouse (Rust)");
    Ok(())
}

async fn attempt(client: &Client) -> Result<(), Error> {
    assert_eq!(client.query("SELECT 1").fetch_one::<u8>().await?, 1);
    let create =
        format!("CREATE OR REPLACE TABLE rust_driver ({COLUMNS}) ENGINE = MergeTree ORDER BY n");
    client.query(&create).execute().await?;
    let things: Vec<Thing> = (0..1000).map(thing).collect();
    let mut insert = client.insert::<Thing>("rust_driver").await?;
    for each in &things {
        insert.write(each).await?;
    }
    insert.end().await?;
    let found = client
        .query("SELECT ?fields FROM rust_driver ORDER BY n")
        .fetch_all::<Thing>()
        .await?;
    assert_eq!(found, things);
    let one = client
        .query("SELECT ?fields FROM rust_driver WHERE n = ? AND s = {s:String}")
        .bind(7)
        .param("s", "it's\t7")
        .fetch_one::<Thing>()
        .await?;
    assert_eq!(one, things[7]);
    stream(client).await?;
    failures(client).await?;
    kill(client).await?;
    client.query("DROP TABLE rust_driver").execute().await
}

async fn stream(client: &Client) -> Result<(), Error> {
    let mut rows = client
        .query("SELECT number FROM numbers(1000000)")
        .fetch::<u64>()?;
    let (mut count, mut sum) = (0u64, 0u64);
    while let Some(number) = rows.next().await? {
        count += 1;
        sum += number;
    }
    assert_eq!((count, sum), (1_000_000, 499_999_500_000));
    Ok(())
}

async fn failures(client: &Client) -> Result<(), Error> {
    is_refused(
        client.query("SELECT * FROM nowhere").execute().await,
        "Code: 60.",
    );
    let late = "SELECT number + throwIf(number = 3000000, 'late') AS n FROM numbers(4000000)";
    is_refused(client.query(late).fetch_all::<u64>().await, "late");
    Ok(())
}

async fn kill(client: &Client) -> Result<(), Error> {
    let named = client.clone().with_setting("query_id", "rust-endless");
    let endless = tokio::spawn(async move { named.query(ENDLESS).fetch_all::<u8>().await });
    let kill = "KILL QUERY WHERE query_id = 'rust-endless' SYNC";
    let mut killed = 0;
    while killed == 0 {
        let mut lines = client.query(kill).fetch_bytes("TSV")?;
        killed = lines.collect().await?.len();
    }
    is_refused(endless.await.expect("the task"), "Code: 394.");
    let left = client.query(ENDLESS).fetch_all::<u8>();
    assert!(
        tokio::time::timeout(Duration::from_millis(500), left)
            .await
            .is_err()
    );
    Ok(())
}

fn is_refused<T>(result: Result<T, Error>, words: &str) {
    match result {
        Err(error) if error.to_string().contains(words) => (),
        Err(error) => panic!("{words} is not in {error}"),
        Ok(_) => panic!("no {words}"),
    }
}
