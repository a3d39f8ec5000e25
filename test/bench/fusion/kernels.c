// The yardstick of rows.ts: means and medians of eight inputs in memory, by one and two threads.
//   gcc -O3 -march=native -ffp-contract=off -pthread kernels.c -o kernels && ./kernels ELEMENTS RUNS
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long count;
static float *in[8], *out;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void mean(long from, long to) {
  const float *restrict a = in[0], *restrict b = in[1], *restrict c = in[2], *restrict d = in[3];
  const float *restrict e = in[4], *restrict f = in[5], *restrict g = in[6], *restrict h = in[7];
  float *restrict o = out;
  for (long i = from; i < to; i++) {
    double s = 0;
    s += a[i]; s += b[i]; s += c[i]; s += d[i];
    s += e[i]; s += f[i]; s += g[i]; s += h[i];
    o[i] = (float)(s / 8.0) + 0.0f;
  }
}

static inline int32_t key(int32_t x) { return x ^ (int32_t)((uint32_t)(x >> 31) >> 1); }
static inline float value(int32_t k) {
  union { int32_t i; float f; } u = { key(k) };
  return u.f;
}
#define SORT(x, y) { int32_t low = x < y ? x : y; y = x < y ? y : x; x = low; }

__attribute__((noinline)) static void median(long from, long to) {
  const int32_t *restrict p0 = (int32_t *)in[0], *restrict p1 = (int32_t *)in[1], *restrict p2 = (int32_t *)in[2];
  const int32_t *restrict p3 = (int32_t *)in[3], *restrict p4 = (int32_t *)in[4], *restrict p5 = (int32_t *)in[5];
  const int32_t *restrict p6 = (int32_t *)in[6], *restrict p7 = (int32_t *)in[7];
  float *restrict o = out;
  for (long i = from; i < to; i++) {
    int32_t a = key(p0[i]), b = key(p1[i]), c = key(p2[i]), d = key(p3[i]);
    int32_t e = key(p4[i]), f = key(p5[i]), g = key(p6[i]), h = key(p7[i]);
    SORT(a, c) SORT(b, d) SORT(e, g) SORT(f, h) SORT(a, e) SORT(b, f) SORT(c, g) SORT(d, h) SORT(a, b) SORT(c, d)
    SORT(e, f) SORT(g, h) SORT(c, e) SORT(d, f) SORT(b, e) SORT(d, g) SORT(b, c) SORT(d, e) SORT(f, g)
    o[i] = (float)(((double)value(d) + (double)value(e)) / 2.0) + 0.0f;
  }
}

struct part { void (*work)(long, long); long from, to; };
static void *run(void *given) {
  struct part *p = given;
  p->work(p->from, p->to);
  return 0;
}

static double best(void (*work)(long, long), int threads, int runs) {
  double found = 1e9;
  for (int r = 0; r < runs; r++) {
    double begun = now();
    pthread_t ids[2];
    struct part parts[2];
    for (int i = 0; i < threads; i++) {
      parts[i] = (struct part){ work, count * i / threads, count * (i + 1) / threads };
      pthread_create(ids + i, 0, run, parts + i);
    }
    for (int i = 0; i < threads; i++) pthread_join(ids[i], 0);
    double took = now() - begun;
    if (took < found) found = took;
  }
  return found;
}

/** The sum of all words, each times an odd number of its place: parts can be added up. */
static uint32_t checksum(void) {
  uint32_t sum = 0;
  for (long i = 0; i < count; i++) sum += ((uint32_t *)out)[i] * (uint32_t)(2 * i + 1);
  return sum;
}

int main(int argc, char **argv) {
  count = argc > 1 ? atol(argv[1]) : 16000000;
  int runs = argc > 2 ? atoi(argv[2]) : 9;
  for (int j = 0; j < 8; j++) {
    in[j] = aligned_alloc(4096, (count * 4 + 4095) / 4096 * 4096);
    uint32_t s = 12345 + j * 7919;
    for (long i = 0; i < count; i++) {
      s ^= s << 13; s ^= s >> 17; s ^= s << 5;
      in[j][i] = (float)(int32_t)s * (1.0f / 2147483648.0f);
    }
  }
  out = aligned_alloc(4096, (count * 4 + 4095) / 4096 * 4096);
  memset(out, 0, count * 4);
  double mean1 = best(mean, 1, runs), mean2 = best(mean, 2, runs);
  uint32_t meanSum = checksum();
  double median1 = best(median, 1, runs);
  printf("{\"mean1\":%.6f,\"mean2\":%.6f,\"meanSum\":%u,\"median1\":%.6f,\"medianSum\":%u}\n", mean1, mean2, meanSum, median1, checksum());
  return 0;
}
