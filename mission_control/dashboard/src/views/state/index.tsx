// Not here yet.
import { Empty } from "../../ui/Note";

export default function State() {
  return <Empty title="This page is being built" />;
}
