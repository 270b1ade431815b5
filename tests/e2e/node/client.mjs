// SPDX-License-Identifier: Apache-2.0
// The official client, with every answer kept for the check against api/openapi.yaml (harness/contract.py).
import { appendFileSync } from "node:fs";
import OpenAI from "openai";

export const url = process.env.LARES_URL;
export const model = process.env.LARES_MODEL;

async function keep(method, path, response) {
  const body = Buffer.from(await response.arrayBuffer());
  const line = {
    method,
    path,
    status: response.status,
    content_type: response.headers.get("content-type"),
    body: body.toString("base64"),
  };
  appendFileSync(process.env.LARES_RECORD, JSON.stringify(line) + "\n");
}

const kept = [];

async function recordingFetch(target, options) {
  const response = await fetch(target, options);
  // Of a stream that is cut short nothing whole can be kept.
  kept.push(keep(options?.method ?? "GET", new URL(target).pathname, response.clone()).catch(() => {}));
  return response;
}

export function settled() {
  return Promise.all(kept);
}

export function makeClient(options = {}) {
  return new OpenAI({ baseURL: url + "/v1", apiKey: "none", maxRetries: 0, fetch: recordingFetch, ...options });
}
