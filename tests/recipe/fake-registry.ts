import { z } from "zod";

// Plug-ins that are nothing but their options: how recipes are read does not depend on what the real ones become.
const teacher = {
  options: z.strictObject({
    model: z.string().min(1).describe("folder of the encoder"),
    maxLength: z.int().min(8).default(128).describe("longest text in pieces"),
  }),
};
const bilstm = {
  // Not strict on purpose: unknown keys must be refused all the same.
  options: z.object({
    hidden: z.int().min(1).default(128).describe("units in each direction"),
    dropout: z.number().min(0).lt(1).default(0.1).describe("share of units that rest in training"),
  }),
};
const transformer = {
  options: z.strictObject({
    layers: z.int().min(1).default(2).describe("layers of attention"),
    activation: z.enum(["gelu", "relu"]).default("gelu").describe("of the feed-forward part"),
  }),
};

export const teachers = {
  "encoder-head": () => Promise.resolve(teacher),
  "zero-shot": () => Promise.resolve({ options: z.strictObject({}) }),
};
export const students = {
  bilstm: () => Promise.resolve(bilstm),
  transformer: () => Promise.resolve(transformer),
};
export const datasets = {};
