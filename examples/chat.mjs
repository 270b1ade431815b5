// SPDX-License-Identifier: Apache-2.0
// Chat with a Lares server through OpenAI's own client:  npm install openai;  node examples/chat.mjs "Your question"
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: (process.env.LARES_URL ?? "http://127.0.0.1:8080") + "/v1",
  apiKey: process.env.LARES_API_KEY ?? "none", // any word does where the server asks for no key
});
const question = process.argv.slice(2).join(" ") || "What is the capital of France?";
const model = (await client.models.list()).data[0].id;

const stream = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: question }],
  max_tokens: 200,
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
process.stdout.write("\n");
