# SPDX-License-Identifier: Apache-2.0
"""Chat with a Lares server through OpenAI's own client:  pip install openai;  python examples/chat.py "Your question" """

import os
import sys

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("LARES_URL", "http://127.0.0.1:8080") + "/v1",
    api_key=os.environ.get("LARES_API_KEY", "none"),  # any word does where the server asks for no key
)
question = " ".join(sys.argv[1:]) or "What is the capital of France?"
model = client.models.list().data[0].id

stream = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": question}],
    max_tokens=200,
    stream=True,
)
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
print()
