// `npm run bench`: one after the other, so that none disturbs another.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["bench/*.bench.ts"], fileParallelism: false, reporters: ["dot"] } });
