// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, test } from "node:test";
import OpenAI from "openai";
import { makeClient, model, settled, url } from "./client.mjs";

const client = makeClient();
const messages = [{ role: "user", content: "What is the capital of France?" }];

after(settled);

async function running() {
  const text = await (await fetch(url + "/metrics")).text();
  return [...text.matchAll(/^lares_sequences\{[^}]*\} (\S+)$/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}

test("chat, whole and streamed", async () => {
  const whole = await client.chat.completions.create({ model, messages, max_tokens: 16, temperature: 0 });
  assert.ok(whole.choices[0].message.content.trim());
  let text = "";
  let usage = null;
  const stream = await client.chat.completions.create({
    model, messages, max_tokens: 16, temperature: 0, stream: true, stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [whole.usage.prompt_tokens, whole.usage.completion_tokens]);
});

test("the stream helper of the client", async () => {
  const runner = client.chat.completions.stream({ model, messages, max_tokens: 8, temperature: 0 });
  const final = await runner.finalChatCompletion();
  assert.ok(final.choices[0].message.content.length > 0);
});

test("completions", async () => {
  const answer = await client.completions.create({ model, prompt: "The capital of France is", max_tokens: 8, temperature: 0 });
  assert.match(answer.choices[0].text, /Paris/);
});

test("a required tool call, streamed", async () => {
  const tools = [{
    type: "function",
    function: {
      name: "get_weather",
      parameters: {
        type: "object", properties: { city: { type: "string", maxLength: 20 } }, required: ["city"], additionalProperties: false,
      },
    },
  }];
  const stream = client.chat.completions.stream({ model, messages, tools, tool_choice: "required", max_tokens: 100 });
  const final = await stream.finalChatCompletion();
  const [call] = final.choices[0].message.tool_calls;
  assert.equal(call.function.name, "get_weather");
  assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
});

test("a JSON schema", async () => {
  const schema = {
    type: "object", properties: { city: { type: "string", maxLength: 20 }, large: { type: "boolean" } },
    required: ["city", "large"], additionalProperties: false,
  };
  const answer = await client.chat.completions.create({
    model, messages, max_tokens: 100, response_format: { type: "json_schema", json_schema: { name: "city", schema } },
  });
  const value = JSON.parse(answer.choices[0].message.content);
  assert.deepEqual(Object.keys(value).sort(), ["city", "large"]);
});

test("log probabilities and stop strings", async () => {
  const answer = await client.chat.completions.create({
    model, messages, max_tokens: 4, temperature: 0, logprobs: true, top_logprobs: 3,
  });
  assert.equal(answer.choices[0].logprobs.content.length, answer.usage.completion_tokens);
  assert.equal(answer.choices[0].logprobs.content[0].top_logprobs.length, 3);
  const text = answer.choices[0].message.content;
  const stop = text.slice(3, 6);
  const stopped = await client.chat.completions.create({ model, messages, max_tokens: 16, temperature: 0, stop });
  assert.equal(stopped.choices[0].message.content, text.slice(0, text.indexOf(stop)));
});

test("embeddings", async () => {
  const answer = await client.embeddings.create({ model, input: ["a river", "a sea"] }); // base64 on the wire
  assert.equal(answer.data.length, 2);
  assert.equal(answer.data[0].embedding.length, 576);
  const floats = await client.embeddings.create({ model, input: "a river", encoding_format: "float", dimensions: 16 });
  assert.equal(floats.data[0].embedding.length, 16);
});

test("models", async () => {
  const ids = [];
  for await (const card of client.models.list()) ids.push(card.id);
  assert.ok(ids.includes(model));
  assert.equal((await client.models.retrieve(model)).id, model);
});

test("errors are the client's own", async () => {
  await assert.rejects(client.chat.completions.create({ model: "nobody", messages }), (error) =>
    error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
  await assert.rejects(client.chat.completions.create({ model, messages, temperature: 9 }), (error) =>
    error instanceof OpenAI.BadRequestError && error.param === "temperature");
  const long = [{ role: "user", content: "word ".repeat(3000) }];
  await assert.rejects(client.chat.completions.create({ model, messages: long, stream: true }), (error) =>
    error instanceof OpenAI.BadRequestError && error.code === "context_length_exceeded");
});

test("leaving in mid-stream frees the sequence", async () => {
  const plain = makeClient({ fetch }); // kept by nobody: a clone would go on reading
  const stream = await plain.chat.completions.create({
    model, messages, max_tokens: 1500, stream: true, ignore_eos: true,
  });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    stream.controller.abort();
    break;
  }
  const end = Date.now() + 60_000;
  while ((await running()) > 0) assert.ok(Date.now() < end, "the sequence is still there");
});
