// What is said instead of content: there is none, it is being fetched, or it cannot be had.
import type { ReactNode } from "react";
import { ApiProblem, sentenceOf } from "../api/problem";
import styles from "./Note.module.css";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.note}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.more}>{children}</div>}
    </div>
  );
}

export function Loading({ what = "it" }: { what?: string }) {
  return (
    <div className={styles.note} role="status">
      <p className={styles.more}>Fetching {what} …</p>
    </div>
  );
}

export function ProblemNote({ error, what }: { error: unknown; what: string }) {
  if (error instanceof ApiProblem && error.isMissing && error.message === "Not Found")
    return <Empty title={`This mission control does not tell ${what}`} />;
  const reasons = error instanceof ApiProblem ? error.reasons : [];
  return (
    <div className={`${styles.note} ${styles.problem}`} role="alert">
      <p className={styles.title}>{`Could not fetch ${what}`}</p>
      <p className={styles.more}>{sentenceOf(error)}</p>
      {reasons.map((each) => (
        <p key={each} className={styles.more}>
          {each}
        </p>
      ))}
    </div>
  );
}

export interface Fetched<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
}

/** The answer of a query, or what is said instead of it. The last answer stays while another one
 * cannot be had. */
export function Answer<T>(props: {
  of: Fetched<T>;
  what: string;
  children: (data: T) => ReactNode;
}) {
  const { of, what, children } = props;
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <ProblemNote error={of.error} what={what} />;
  return <Loading what={what} />;
}
