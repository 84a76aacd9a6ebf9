// The rows of a difference, side by side or below each other. A sign says what the colour says.
import { useMemo, useState } from "react";
import { type Diff, type DiffRow, inlineRows, type Side } from "../../engine/diff";
import { Button } from "../../ui/Button";
import { count } from "../../ui/format";
import { visible } from "../../ui/hostile";
import styles from "./DiffView.module.css";

const SHOWN = 600;

export function DiffView({ diff, isSplit }: { diff: Diff; isSplit: boolean }) {
  const [most, setMost] = useState(SHOWN);
  const rows = useMemo(() => (isSplit ? diff.rows : inlineRows(diff)), [diff, isSplit]);
  if (rows.length === 0) return <p className={styles.note}>Nothing differs.</p>;
  return (
    <div className={styles.diff}>
      {diff.limits.map((each) => (
        <p key={each} className={styles.limit}>{`Not all of it: ${each}.`}</p>
      ))}
      <table className={styles.table} data-split={isSplit || undefined}>
        <caption className="visually-hidden">{`${count(diff.added)} lines added, ${count(diff.removed)} removed`}</caption>
        <colgroup>
          <col className={styles.lineColumn} />
          <col />
          <col className={styles.lineColumn} />
          {isSplit && <col />}
        </colgroup>
        <tbody>
          {rows.slice(0, most).map((row, at) => (
            <Row key={at} row={row} isSplit={isSplit} />
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <p className={styles.limit}>
          {`${count(most)} of ${count(rows.length)} rows are shown. `}
          <Button onClick={() => setMost(most + 4 * SHOWN)}>Show more</Button>
        </p>
      )}
    </div>
  );
}

function Row({ row, isSplit }: { row: DiffRow; isSplit: boolean }) {
  if (row.kind === "note") {
    return (
      <tr className={styles.remark}>
        <td colSpan={isSplit ? 4 : 3}>{visible(row.text)}</td>
      </tr>
    );
  }
  const isChanged = row.kind !== "same";
  if (isSplit) {
    return (
      <tr>
        <td className={styles.line}>{row.left?.line}</td>
        <Text side={row.left} sign={isChanged ? "−" : ""} />
        <td className={styles.line}>{row.right?.line}</td>
        <Text side={row.right} sign={isChanged ? "+" : ""} />
      </tr>
    );
  }
  const sign = row.kind === "removed" ? "−" : row.kind === "added" ? "+" : "";
  return (
    <tr>
      <td className={styles.line}>{row.left?.line}</td>
      <td className={styles.line}>{row.right?.line}</td>
      <Text side={row.left ?? row.right} sign={sign} />
    </tr>
  );
}

function Text({ side, sign }: { side: Side | undefined; sign: "+" | "−" | "" }) {
  if (side === undefined) return <td className={styles.nothing} />;
  return (
    <td className={styles.text} data-sign={sign || undefined}>
      <span className={styles.sign} aria-hidden={sign === ""}>
        {sign}
      </span>
      <bdi>
        {side.parts.map((part, at) =>
          part.changed ? (
            <mark key={at} className={styles.word}>
              {visible(part.text)}
            </mark>
          ) : (
            visible(part.text)
          ),
        )}
      </bdi>
    </td>
  );
}
