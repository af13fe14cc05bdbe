/**
 * The smallest normal float32. Moments of a parameter whose gradient has become zero decay towards zero and would stay
 * denormal for good (0.9 times the smallest denormal rounds to itself), and JavaScript cannot tell the processor to
 * flush them. On processors that handle denormals in microcode, Intel's among them, each load and store would then cost
 * some hundred cycles (on an AMD EPYC no difference was seen, nor a cost of this cure). Such a moment becomes zero.
 * No weight notices: a first moment of 1e-38 over epsilon 1e-8 moves it by 1e-30 of the learning rate, and the root of
 * a second moment of 1e-38 is 1e-19, far below epsilon.
 */
export const SMALLEST_NORMAL = 1.1754943508222875e-38;
