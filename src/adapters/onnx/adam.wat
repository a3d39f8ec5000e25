;; Kernels of the optimizer and of dropout. All addresses are byte offsets into the imported memory, aligned to 16;
;; all counts are numbers of floats, multiples of 4. Rebuild adam-wasm.ts after a change: node src/adapters/onnx/build-adam.mjs
(module
  (import "coldmesh" "memory" (memory 1))

  ;; AdamW with decoupled weight decay, in place.
  ;; scale: factor on the gradient; rest1: 1 - beta1, rest2: 1 - beta2, rounded from more digits than f32 has; step: rate / (1 - beta1^t); root: 1 / sqrt(1 - beta2^t); keep: 1 - rate * decay
  (func (export "adam")
    (param $weights i32) (param $gradients i32) (param $means i32) (param $squares i32) (param $count i32)
    (param $scale f32) (param $beta1 f32) (param $rest1 f32) (param $beta2 f32) (param $rest2 f32)
    (param $step f32) (param $root f32) (param $epsilon f32) (param $keep f32)
    (local $end i32) (local $g v128) (local $m v128) (local $v v128)
    (local $scale4 v128) (local $beta14 v128) (local $beta24 v128) (local $rest14 v128) (local $rest24 v128)
    (local $step4 v128) (local $root4 v128) (local $epsilon4 v128) (local $keep4 v128)
    (local.set $scale4 (f32x4.splat (local.get $scale)))
    (local.set $beta14 (f32x4.splat (local.get $beta1)))
    (local.set $beta24 (f32x4.splat (local.get $beta2)))
    (local.set $rest14 (f32x4.splat (local.get $rest1)))
    (local.set $rest24 (f32x4.splat (local.get $rest2)))
    (local.set $step4 (f32x4.splat (local.get $step)))
    (local.set $root4 (f32x4.splat (local.get $root)))
    (local.set $epsilon4 (f32x4.splat (local.get $epsilon)))
    (local.set $keep4 (f32x4.splat (local.get $keep)))
    (local.set $end (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $weights) (local.get $end)))
      (local.set $g (f32x4.mul (v128.load (local.get $gradients)) (local.get $scale4)))
      (local.set $m (f32x4.add
        (f32x4.mul (v128.load (local.get $means)) (local.get $beta14))
        (f32x4.mul (local.get $g) (local.get $rest14))))
      (local.set $v (f32x4.add
        (f32x4.mul (v128.load (local.get $squares)) (local.get $beta24))
        (f32x4.mul (f32x4.mul (local.get $g) (local.get $g)) (local.get $rest24))))
      ;; Tiny moments become zero: arithmetic on denormal numbers is some forty times slower.
      (local.set $m (v128.and (local.get $m)
        (f32x4.ge (f32x4.abs (local.get $m)) (f32x4.splat (f32.const 1e-30)))))
      (local.set $v (v128.and (local.get $v)
        (f32x4.ge (local.get $v) (f32x4.splat (f32.const 1e-36)))))
      (v128.store (local.get $means) (local.get $m))
      (v128.store (local.get $squares) (local.get $v))
      (v128.store (local.get $weights) (f32x4.sub
        (f32x4.mul (v128.load (local.get $weights)) (local.get $keep4))
        (f32x4.div
          (f32x4.mul (local.get $m) (local.get $step4))
          (f32x4.add (f32x4.mul (f32x4.sqrt (local.get $v)) (local.get $root4)) (local.get $epsilon4)))))
      (local.set $weights (i32.add (local.get $weights) (i32.const 16)))
      (local.set $gradients (i32.add (local.get $gradients) (i32.const 16)))
      (local.set $means (i32.add (local.get $means) (i32.const 16)))
      (local.set $squares (i32.add (local.get $squares) (i32.const 16)))
      (br $next))))

  ;; target += source
  (func (export "add") (param $target i32) (param $source i32) (param $count i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (v128.store (local.get $target)
        (f32x4.add (v128.load (local.get $target)) (v128.load (local.get $source))))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br $next))))

  ;; target *= factor
  (func (export "scale") (param $target i32) (param $count i32) (param $factor f32)
    (local $end i32) (local $factor4 v128)
    (local.set $factor4 (f32x4.splat (local.get $factor)))
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (v128.store (local.get $target) (f32x4.mul (v128.load (local.get $target)) (local.get $factor4)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br $next))))

  ;; Sum of squares, summed in double precision.
  (func (export "sumOfSquares") (param $values i32) (param $count i32) (result f64)
    (local $end i32) (local $x v128) (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $values) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $values) (local.get $end)))
      (local.set $x (v128.load (local.get $values)))
      (local.set $low (f64x2.add (local.get $low)
        (f64x2.mul (f64x2.promote_low_f32x4 (local.get $x)) (f64x2.promote_low_f32x4 (local.get $x)))))
      (local.set $x (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $x) (local.get $x)))
      (local.set $high (f64x2.add (local.get $high)
        (f64x2.mul (f64x2.promote_low_f32x4 (local.get $x)) (f64x2.promote_low_f32x4 (local.get $x)))))
      (local.set $values (i32.add (local.get $values) (i32.const 16)))
      (br $next)))
    (local.set $low (f64x2.add (local.get $low) (local.get $high)))
    (f64.add (f64x2.extract_lane 0 (local.get $low)) (f64x2.extract_lane 1 (local.get $low))))

  ;; Fills target with 0 where a random 32-bit number is below threshold, else with kept.
  ;; Four xoshiro128+ generators side by side; their 64 bytes of state are at $state and are advanced.
  (func (export "dropout") (param $target i32) (param $count i32) (param $threshold i32) (param $kept f32) (param $state i32)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $t v128)
    (local $threshold4 v128) (local $kept4 v128)
    (local.set $threshold4 (i32x4.splat (local.get $threshold)))
    (local.set $kept4 (f32x4.splat (local.get $kept)))
    (local.set $a (v128.load (local.get $state)))
    (local.set $b (v128.load offset=16 (local.get $state)))
    (local.set $c (v128.load offset=32 (local.get $state)))
    (local.set $d (v128.load offset=48 (local.get $state)))
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (v128.store (local.get $target) (v128.and (local.get $kept4)
        (i32x4.ge_u (i32x4.add (local.get $a) (local.get $d)) (local.get $threshold4))))
      (local.set $t (i32x4.shl (local.get $b) (i32.const 9)))
      (local.set $c (v128.xor (local.get $c) (local.get $a)))
      (local.set $d (v128.xor (local.get $d) (local.get $b)))
      (local.set $b (v128.xor (local.get $b) (local.get $c)))
      (local.set $a (v128.xor (local.get $a) (local.get $d)))
      (local.set $c (v128.xor (local.get $c) (local.get $t)))
      (local.set $d (v128.or
        (i32x4.shl (local.get $d) (i32.const 11))
        (i32x4.shr_u (local.get $d) (i32.const 21))))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br $next)))
    (v128.store (local.get $state) (local.get $a))
    (v128.store offset=16 (local.get $state) (local.get $b))
    (v128.store offset=32 (local.get $state) (local.get $c))
    (v128.store offset=48 (local.get $state) (local.get $d)))
)
