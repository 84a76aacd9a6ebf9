// One trace, or the list of those that there are.
import { useAddress } from "../../stores/address";
import "./hues.css";
import { TraceList } from "./TraceList";
import { TracePage } from "./TracePage";

export default function TraceView() {
  const id = useAddress((address) => address.id);
  return id ? <TracePage key={id} id={id} /> : <TraceList />;
}
