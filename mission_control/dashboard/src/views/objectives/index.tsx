// Not here yet.
import { Empty } from "../../ui/Note";

export default function Objectives() {
  return <Empty title="This page is being built" />;
}
