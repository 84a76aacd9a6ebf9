// A button for an act: it says what would follow before it is done.
import { useState } from "react";
import { Button, type ButtonProps } from "../ui/Button";
import { ActDialog } from "./ActDialog";
import type { Act } from "./acts";

export function ActButton({ act, kind, icon }: { act: Act; kind?: ButtonProps["kind"]; icon?: ButtonProps["icon"] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button {...(kind ? { kind } : {})} {...(icon ? { icon } : {})} onClick={() => setOpen(true)}>
        {act.label}
      </Button>
      {isOpen && <ActDialog act={act} onClose={() => setOpen(false)} />}
    </>
  );
}
