;; The engine's loops over float32 arrays on the host, two elements at a time. Each does what its twin in loops.ts (or
;; adamw.ts) does, operation by operation and in its order: arithmetic in float64, one rounding to float32 at each store,
;; nothing fused or reassociated. So every bit is the same.
;;
;; Arrays are given as byte offsets into the one memory, counts in elements. Of an odd count the last element is left to
;; the twin. `npm run build:kernels` compiles this file into kernels-module.ts.
(module
  (import "host" "memory" (memory 0 65536))

  ;; AdamW, the loop of updateRange in adamw.ts: first and second are the moments.
  (func (export "adamW")
    (param $parameter i32) (param $gradient i32) (param $first i32) (param $second i32) (param $count i32)
    (param $keep_first f64) (param $add_first f64) (param $keep_second f64) (param $add_second f64)
    (param $keep_parameter f64) (param $rate f64) (param $epsilon f64)
    (local $keep_first_2 v128) (local $add_first_2 v128) (local $keep_second_2 v128) (local $add_second_2 v128)
    (local $keep_parameter_2 v128) (local $rate_2 v128) (local $epsilon_2 v128) (local $smallest_normal v128)
    (local $slope v128) (local $mean v128) (local $square v128) (local $end i32)

    (local.set $keep_first_2 (f64x2.splat (local.get $keep_first)))
    (local.set $add_first_2 (f64x2.splat (local.get $add_first)))
    (local.set $keep_second_2 (f64x2.splat (local.get $keep_second)))
    (local.set $add_second_2 (f64x2.splat (local.get $add_second)))
    (local.set $keep_parameter_2 (f64x2.splat (local.get $keep_parameter)))
    (local.set $rate_2 (f64x2.splat (local.get $rate)))
    (local.set $epsilon_2 (f64x2.splat (local.get $epsilon)))
    ;; SMALLEST_NORMAL of denormals.ts.
    (local.set $smallest_normal (f64x2.splat (f64.const 1.1754943508222875e-38)))
    ;; 8 bytes per pair.
    (local.set $end (i32.add (local.get $parameter) (i32.shl (i32.shr_u (local.get $count) (i32.const 1)) (i32.const 3))))

    (block $done
      (loop $pairs
        (br_if $done (i32.eq (local.get $parameter) (local.get $end)))
        (local.set $slope (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $gradient))))

        ;; mean = keep_first * first + add_first * slope
        (local.set $mean
          (f64x2.add
            (f64x2.mul (local.get $keep_first_2) (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $first))))
            (f64x2.mul (local.get $add_first_2) (local.get $slope))))
        ;; square = keep_second * second + add_second * slope * slope
        (local.set $square
          (f64x2.add
            (f64x2.mul (local.get $keep_second_2) (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $second))))
            (f64x2.mul (f64x2.mul (local.get $add_second_2) (local.get $slope)) (local.get $slope))))
        ;; What is below the smallest normal number becomes 0; NaN is not below it and stays.
        (local.set $mean
          (v128.andnot (local.get $mean) (f64x2.lt (f64x2.abs (local.get $mean)) (local.get $smallest_normal))))
        (local.set $square
          (v128.andnot (local.get $square) (f64x2.lt (local.get $square) (local.get $smallest_normal))))
        (v128.store64_lane 0 (local.get $first) (f32x4.demote_f64x2_zero (local.get $mean)))
        (v128.store64_lane 0 (local.get $second) (f32x4.demote_f64x2_zero (local.get $square)))
        ;; parameter = keep_parameter * parameter - (rate * mean) / (sqrt(square) + epsilon)
        (v128.store64_lane 0 (local.get $parameter)
          (f32x4.demote_f64x2_zero
            (f64x2.sub
              (f64x2.mul
                (local.get $keep_parameter_2)
                (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $parameter))))
              (f64x2.div
                (f64x2.mul (local.get $rate_2) (local.get $mean))
                (f64x2.add (f64x2.sqrt (local.get $square)) (local.get $epsilon_2))))))

        (local.set $parameter (i32.add (local.get $parameter) (i32.const 8)))
        (local.set $gradient (i32.add (local.get $gradient) (i32.const 8)))
        (local.set $first (i32.add (local.get $first) (i32.const 8)))
        (local.set $second (i32.add (local.get $second) (i32.const 8)))
        (br $pairs))))

  ;; target = weight * source; both may be the same.
  (func (export "scale") (param $target i32) (param $source i32) (param $count i32) (param $weight f64)
    (local $weight_2 v128) (local $end i32)
    (local.set $weight_2 (f64x2.splat (local.get $weight)))
    (local.set $end (i32.add (local.get $target) (i32.shl (i32.shr_u (local.get $count) (i32.const 1)) (i32.const 3))))
    (block $done
      (loop $pairs
        (br_if $done (i32.eq (local.get $target) (local.get $end)))
        (v128.store64_lane 0 (local.get $target)
          (f32x4.demote_f64x2_zero
            (f64x2.mul
              (local.get $weight_2)
              (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $source))))))
        (local.set $target (i32.add (local.get $target) (i32.const 8)))
        (local.set $source (i32.add (local.get $source) (i32.const 8)))
        (br $pairs))))

  ;; target = target + weight * source
  (func (export "add") (param $target i32) (param $source i32) (param $count i32) (param $weight f64)
    (local $weight_2 v128) (local $end i32)
    (local.set $weight_2 (f64x2.splat (local.get $weight)))
    (local.set $end (i32.add (local.get $target) (i32.shl (i32.shr_u (local.get $count) (i32.const 1)) (i32.const 3))))
    (block $done
      (loop $pairs
        (br_if $done (i32.eq (local.get $target) (local.get $end)))
        (v128.store64_lane 0 (local.get $target)
          (f32x4.demote_f64x2_zero
            (f64x2.add
              (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $target)))
              (f64x2.mul
                (local.get $weight_2)
                (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $source)))))))
        (local.set $target (i32.add (local.get $target) (i32.const 8)))
        (local.set $source (i32.add (local.get $source) (i32.const 8)))
        (br $pairs))))

  ;; Adds squares to the four float64 at sums: of every first, second, third and fourth element. A count that is no
  ;; multiple of four leaves its last elements out.
  (func (export "squares") (param $source i32) (param $count i32) (param $sums i32)
    (local $first_second v128) (local $third_fourth v128) (local $pair v128) (local $end i32)
    (local.set $first_second (v128.load (local.get $sums)))
    (local.set $third_fourth (v128.load offset=16 (local.get $sums)))
    (local.set $end (i32.add (local.get $source) (i32.shl (i32.shr_u (local.get $count) (i32.const 2)) (i32.const 4))))
    (block $done
      (loop $fours
        (br_if $done (i32.eq (local.get $source) (local.get $end)))
        (local.set $pair (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $source))))
        (local.set $first_second
          (f64x2.add (local.get $first_second) (f64x2.mul (local.get $pair) (local.get $pair))))
        (local.set $pair (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $source))))
        (local.set $third_fourth
          (f64x2.add (local.get $third_fourth) (f64x2.mul (local.get $pair) (local.get $pair))))
        (local.set $source (i32.add (local.get $source) (i32.const 16)))
        (br $fours)))
    (v128.store (local.get $sums) (local.get $first_second))
    (v128.store offset=16 (local.get $sums) (local.get $third_fourth)))

  ;; Adds the product of rows [count] with columns [count, 8] to eight sums per row; all are float64. The columns come again
  ;; for every row.
  (func (export "products") (param $sums i32) (param $rows i32) (param $columns i32) (param $row_count i32) (param $count i32)
    (local $first v128) (local $second v128) (local $third v128) (local $fourth v128) (local $factor v128)
    (local $column i32) (local $end i32) (local $last i32)
    (local.set $last (i32.add (local.get $sums) (i32.shl (local.get $row_count) (i32.const 6))))
    ;; 64 bytes per eight numbers.
    (local.set $end (i32.add (local.get $columns) (i32.shl (local.get $count) (i32.const 6))))
    (block $all_done
      (loop $each_row
        (br_if $all_done (i32.eq (local.get $sums) (local.get $last)))
        (local.set $first (v128.load (local.get $sums)))
        (local.set $second (v128.load offset=16 (local.get $sums)))
        (local.set $third (v128.load offset=32 (local.get $sums)))
        (local.set $fourth (v128.load offset=48 (local.get $sums)))
        (local.set $column (local.get $columns))
        (block $done
          (loop $eights
            (br_if $done (i32.eq (local.get $column) (local.get $end)))
            (local.set $factor (v128.load64_splat (local.get $rows)))
            (local.set $first
              (f64x2.add (local.get $first) (f64x2.mul (local.get $factor) (v128.load (local.get $column)))))
            (local.set $second
              (f64x2.add (local.get $second) (f64x2.mul (local.get $factor) (v128.load offset=16 (local.get $column)))))
            (local.set $third
              (f64x2.add (local.get $third) (f64x2.mul (local.get $factor) (v128.load offset=32 (local.get $column)))))
            (local.set $fourth
              (f64x2.add (local.get $fourth) (f64x2.mul (local.get $factor) (v128.load offset=48 (local.get $column)))))
            (local.set $rows (i32.add (local.get $rows) (i32.const 8)))
            (local.set $column (i32.add (local.get $column) (i32.const 64)))
            (br $eights)))
        (v128.store (local.get $sums) (local.get $first))
        (v128.store offset=16 (local.get $sums) (local.get $second))
        (v128.store offset=32 (local.get $sums) (local.get $third))
        (v128.store offset=48 (local.get $sums) (local.get $fourth))
        (local.set $sums (i32.add (local.get $sums) (i32.const 64)))
        (br $each_row)))))
