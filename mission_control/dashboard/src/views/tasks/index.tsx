// Not here yet.
import { Empty } from "../../ui/Note";

export default function Tasks() {
  return <Empty title="This page is being built" />;
}
