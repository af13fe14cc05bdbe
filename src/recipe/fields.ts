import { z } from "zod";

/** Whole numbers from `least` on. */
export const whole = (least: number) => z.int().min(least);
/** From none to all. */
export const share = z.number().min(0).max(1);
export const positive = z.number().positive();
