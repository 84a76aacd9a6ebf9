// Not here yet.
import { Empty } from "../../ui/Note";

export default function Sql() {
  return <Empty title="This page is being built" />;
}
