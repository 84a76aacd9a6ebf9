// What would follow if this were done? Then it is done, once, however often its button is pressed.
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useDeferredValue, useId, useState } from "react";
import { newRequestKey } from "../api/client";
import { queries } from "../api/moment";
import { ApiProblem, sentenceOf } from "../api/problem";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { withShortIds } from "../ui/hostile";
import { Lines } from "../ui/Text";
import { toast } from "../ui/toasts";
import styles from "./ActDialog.module.css";
import { type Act, type Field, type Given, perform } from "./acts";

export function ActDialog({ act, onClose }: { act: Act; onClose: () => void }) {
  const id = useId();
  const [given, setGiven] = useState<Given>({});
  const [key] = useState(newRequestKey);
  const asked = useDeferredValue(given);
  const isComplete = act.fields.every((each) => !each.required || given[each.name]);
  const supposed = useQuery({
    queryKey: ["dry run", act.path, asked],
    queryFn: ({ signal }) => perform(act, asked, { dryRun: true, signal }),
    enabled: isComplete && !act.isDoneAtOnce,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const doing = useMutation({
    mutationFn: () => perform(act, given, { dryRun: false, key }),
    onSuccess: () => {
      toast(act.done, "good");
      void queries.invalidateQueries();
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!doing.isPending && isComplete) doing.mutate();
  };
  return (
    <Dialog
      title={act.title}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button
            type="submit"
            form={id}
            kind={act.danger ? "danger" : "main"}
            disabled={doing.isPending || !isComplete}
          >
            {doing.isPending ? "Asking …" : act.label}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className={styles.form}>
        {act.fields.map((each, index) => (
          <Input
            key={each.name}
            field={each}
            isFirst={index === 0}
            value={given[each.name]}
            onChange={(value) => setGiven({ ...given, [each.name]: value })}
          />
        ))}
      </form>
      {!act.isDoneAtOnce && (
        <section className={styles.would} aria-live="polite" aria-label="What would follow">
          <h3>What will follow</h3>
          <Would isComplete={isComplete} would={supposed.data?.would} error={supposed.error} />
        </section>
      )}
      {doing.error && <Refused error={doing.error} />}
    </Dialog>
  );
}

function Would(props: { isComplete: boolean; would: readonly string[] | undefined; error: unknown }) {
  if (!props.isComplete) return <p className={styles.faint}>It is said when the form is complete.</p>;
  if (props.error) return <Refused error={props.error} />;
  if (props.would === undefined) return <p className={styles.faint}>Asking …</p>;
  if (props.would.length === 0) return <p className={styles.faint}>Nothing changes.</p>;
  return (
    <ul className={styles.sentences}>
      {props.would.map((each) => (
        <li key={each}>
          <Lines text={withShortIds(each)} />
        </li>
      ))}
    </ul>
  );
}

function Refused({ error }: { error: unknown }) {
  const reasons = error instanceof ApiProblem ? error.reasons : [];
  return (
    <div className={styles.refused} role="alert">
      <Lines text={sentenceOf(error)} />
      {reasons.map((each) => (
        <Lines key={each} text={each} />
      ))}
    </div>
  );
}

interface InputProps {
  readonly field: Field;
  readonly isFirst: boolean;
  readonly value: Given[string] | undefined;
  readonly onChange: (value: Given[string]) => void;
}

function Input({ field, isFirst, value, onChange }: InputProps) {
  if (field.kind === "check")
    return (
      <label className={styles.check}>
        <input type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />
        {field.label}
      </label>
    );
  const shared = {
    autoFocus: isFirst,
    value: value === undefined ? "" : String(value),
    required: field.required ?? false,
  };
  return (
    <label className={styles.field}>
      <span>
        {field.label}
        {!field.required && <span className={styles.faint}> (may be left out)</span>}
      </span>
      {field.kind === "lines" ? (
        <textarea rows={3} {...shared} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input
          type={field.kind === "number" ? "number" : "text"}
          autoComplete="off"
          {...shared}
          onChange={(event) =>
            onChange(field.kind === "number" && event.target.value ? Number(event.target.value) : event.target.value)
          }
        />
      )}
      {field.hint && <span className={styles.faint}>{field.hint}</span>}
    </label>
  );
}
