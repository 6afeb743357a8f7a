// What a program for Node does with Assistants v2, by OpenAI's own SDK; prints what it saw, as JSON.
import OpenAI from "openai";

const client = new OpenAI(); // OPENAI_BASE_URL and OPENAI_API_KEY
const { assistants, threads } = client.beta;
const weather = {
  type: "function",
  function: { name: "weather", description: "w", parameters: { type: "object", properties: {} } },
};
const seen = {};

const assistant = await assistants.create({ model: "gpt-4o", name: "Node", tools: [weather] });
const assistant_id = assistant.id;
const ask = (content) => threads.create({ messages: [{ role: "user", content }] });
const outputsOf = (run, output) =>
  run.required_action.submit_tool_outputs.tool_calls.map((call) => ({ tool_call_id: call.id, output }));

// pages
const long = await threads.create({
  messages: [1, 2, 3, 4, 5].map((number) => ({ role: "user", content: `number ${number}` })),
});
seen.pages = [];
for await (const message of threads.messages.list(long.id, { limit: 2, order: "asc" }))
  seen.pages.push(message.content[0].text.value);

// polls, with tools
const polled = await ask("/call weather {}");
let run = await threads.runs.createAndPoll(polled.id, { assistant_id });
seen.waits = run.status;
run = await threads.runs.submitToolOutputsAndPoll(run.id, {
  thread_id: polled.id,
  tool_outputs: outputsOf(run, "sunny"),
});
seen.polled = run.status;
seen.steps = [];
for await (const step of threads.runs.steps.list(run.id, { thread_id: polled.id, order: "asc" }))
  seen.steps.push(step.type);

// streams, with tools
const streamed = await ask("/call weather {}");
const stream = threads.runs.stream(streamed.id, { assistant_id });
const waiting = await stream.finalRun();
const onwards = threads.runs.submitToolOutputsStream(waiting.id, {
  thread_id: streamed.id,
  tool_outputs: outputsOf(waiting, "cloudy"),
});
seen.text = "";
onwards.on("textDelta", (delta) => (seen.text += delta.value));
seen.streamed = (await onwards.finalRun()).status;

// a thread and its run in one
const both = threads.createAndRunStream({
  assistant_id,
  thread: { messages: [{ role: "user", content: "/say Hi there" }] },
});
seen.both = (await both.finalMessages()).map((message) => message.content[0].text.value);

// refusals
const failure = async (promise) => promise.then(() => null, (error) => [error.constructor.name, error.status]);
seen.missing = await failure(threads.retrieve("thread_none"));
seen.invalid = await failure(threads.messages.list(long.id, { limit: 500 }));
seen.deleted = (await assistants.delete(assistant_id)).deleted;

console.log(JSON.stringify(seen));
