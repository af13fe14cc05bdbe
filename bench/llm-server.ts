// A server for labelling-llm.ts, in a process of its own: answers every call after LATENCY milliseconds.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const latency = Number(process.argv[2]);
const top = ["A", "B", "C"].map((token, index) => ({
  token,
  logprob: Math.log([0.7, 0.2, 0.1][index]!),
}));
const answer = JSON.stringify({
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "A" },
      logprobs: { content: [{ ...top[0], top_logprobs: top }] },
    },
  ],
  usage: { prompt_tokens: 100, completion_tokens: 1 },
});

const server = createServer((request, response) => {
  request.resume();
  setTimeout(() => {
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  }, latency);
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
