import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.ServerException;
import com.clickhouse.client.api.query.GenericRecord;
import com.clickhouse.data.ClickHouseFormat;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;

/** Do ClickHouse's JDBC driver and its client use the front unchanged, packed and not? Says OK at the end. */
public final class Main {
    private static final String COLUMNS =
            "n UInt64, s String, f Float64, o Nullable(Int32), l Array(String), m Map(String, UInt8), w LowCardinality(String),"
                    + " u UUID, d Date, t DateTime('Asia/Tokyo'), p DateTime64(3, 'UTC'), x Decimal(10, 2),"
                    + " e Enum8('a' = 1, 'b' = 2), b Bool, k Tuple(UInt8, String)";
    private static final String VALUES =
            "number, toString(number), number / 2, if(number % 2 = 1, NULL, number), ['a', 'b'], map('k', 1), 'low',"
                    + " toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), '2026-01-02',"
                    + " toDateTime('2026-01-02 03:04:05', 'Asia/Tokyo'), '2026-01-02 03:04:05.678', 1.25, 'b', true, (1, 'x')";
    private static final String ENDLESS = "SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1";

    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        for (String options : List.of("", "?compress=false", "?compress=true&decompress=true")) {
            try (Connection connection = connect(address, options, "default", arguments[1])) {
                attempt(connection);
            }
        }
        try (Connection reader = connect(address, "", "analyst", arguments[2]);
                Statement statement = reader.createStatement()) {
            statement.executeQuery("SELECT name FROM system.databases").close();
            reader.getMetaData().getTables(null, "%", "%", null).close();
            reader.getMetaData().getColumns(null, "system", "one", "%").close();
            refused(497, () -> statement.execute("CREATE TABLE x (a Int8) ENGINE = Memory"));
        }
        for (boolean packs : new boolean[] {false, true}) {
            client(address, arguments[1], packs);
        }
        System.out.println("OK clickhouse-jdbc and client-v2");
    }

    private static Connection connect(String address, String options, String user, String password) throws SQLException {
        Properties account = new Properties();
        account.setProperty("user", user);
        account.setProperty("password", password);
        return DriverManager.getConnection("jdbc:clickhouse://" + address + "/default" + options, account);
    }

    private static void attempt(Connection connection) throws Exception {
        is(connection.isValid(10), "not valid");
        is(connection.getMetaData().getDatabaseMajorVersion() >= 26, "version");
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE OR REPLACE TABLE java_driver (" + COLUMNS + ") ENGINE = MergeTree ORDER BY n");
            statement.execute("INSERT INTO java_driver SELECT " + VALUES + " FROM numbers(10)");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO java_driver (n, s, t) VALUES (?, ?, ?)")) {
            for (int number = 100; number < 200; number++) {
                insert.setLong(1, number);
                insert.setString(2, "it's\t" + number);
                insert.setTimestamp(3, Timestamp.valueOf("2026-01-02 03:04:05"));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        types(connection);
        stream(connection);
        try (Statement statement = connection.createStatement()) {
            refused(60, () -> statement.executeQuery("SELECT * FROM nowhere"));
            refused(62, () -> statement.executeQuery("SELECT FROM WHERE"));
            ResultSet late = statement.executeQuery("SELECT number + throwIf(number = 3000000, 'late') FROM numbers(4000000)");
            try {
                while (late.next()) {
                    late.getLong(1);
                }
                is(false, "no late error");
            } catch (SQLException error) {
                is(error.getMessage().contains("late"), "a late error: " + error);
            }
        }
        kill(connection);
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE java_driver");
        }
    }

    private static void types(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT * FROM java_driver WHERE n = ? OR s = ? ORDER BY n")) {
            select.setLong(1, 1);
            select.setString(2, "it's\t150");
            try (ResultSet rows = select.executeQuery()) {
                is(rows.next() && rows.getLong("n") == 1 && rows.getString("s").equals("1"), "first row");
                is(rows.getDouble("f") == 0.5 && rows.getObject("o") == null && rows.wasNull(), "numbers");
                is(((Object[]) rows.getArray("l").getArray()).length == 2, "array");
                is(rows.getString("w").equals("low") && rows.getString("e").equals("b") && rows.getBoolean("b"), "values");
                is(rows.getBigDecimal("x").toPlainString().equals("1.25"), "decimal");
                ZonedDateTime when = rows.getObject("t", ZonedDateTime.class);
                is(when.toInstant().toString().equals("2026-01-01T18:04:05Z"), "zone: " + when);
                is(rows.next() && rows.getLong("n") == 150 && !rows.next(), "second row");
            }
        }
    }

    private static void stream(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT number, toString(number) FROM numbers(1000000)")) {
            long sum = 0;
            while (rows.next()) {
                sum += rows.getLong(1);
            }
            is(sum == 499_999_500_000L, "stream");
        }
    }

    private static void kill(Connection connection) throws Exception {
        Statement endless = connection.createStatement();
        CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(() -> {
            try {
                ResultSet rows = endless.executeQuery(ENDLESS);
                while (rows.next()) {
                    rows.getInt(1);
                }
                return false;
            } catch (SQLException error) {
                return true;
            }
        });
        String running = "KILL QUERY WHERE query LIKE '%sleepEachRow(1)%' AND query NOT LIKE 'KILL%' TEST";
        try (Statement watch = connection.createStatement()) {
            boolean isThere = false;
            while (!isThere) {
                try (ResultSet rows = watch.executeQuery(running)) {
                    isThere = rows.next();
                }
            }
        }
        endless.cancel();
        is(ended.get(), "a cancelled statement has no error");
        endless.close();
    }

    private static void client(String address, String password, boolean packs) throws Exception {
        try (Client client = new Client.Builder()
                .addEndpoint("http://" + address)
                .setUsername("default")
                .setPassword(password)
                .compressClientRequest(packs)
                .compressServerResponse(packs)
                .build()) {
            is(client.ping(), "ping");
            client.execute("CREATE OR REPLACE TABLE java_client (a UInt64, b String) ENGINE = MergeTree ORDER BY a").get().close();
            byte[] rows = "1\tx\n2\ty\n".getBytes(StandardCharsets.UTF_8);
            client.insert("java_client", new ByteArrayInputStream(rows), ClickHouseFormat.TSV).get().close();
            List<GenericRecord> found = client.queryAll("SELECT * FROM java_client ORDER BY a");
            is(found.size() == 2 && found.get(1).getString("b").equals("y"), "rows of the client");
            try {
                client.queryAll("SELECT * FROM nowhere");
                is(false, "no error");
            } catch (RuntimeException error) {
                Throwable reason = error;
                while (reason != null && !(reason instanceof ServerException)) {
                    reason = reason.getCause();
                }
                is(reason != null && ((ServerException) reason).getCode() == 60, "an unknown table: " + error);
            }
            client.execute("DROP TABLE java_client").get().close();
        }
    }

    private interface Step {
        void run() throws SQLException;
    }

    private static void refused(int code, Step step) {
        try {
            step.run();
        } catch (SQLException error) {
            is(error.getErrorCode() == code || error.getMessage().contains("Code: " + code), "not " + code + ": " + error);
            return;
        }
        throw new AssertionError("not refused with " + code);
    }

    private static void is(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private Main() {}
}
