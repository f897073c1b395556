/* A master by others, for comparison: master DEVICE COUNT -> median and 99th percentile in microseconds, for FC02 then FC05. */
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    int count = atoi(argv[2]), act, i;
    double *took = malloc(sizeof(double) * count);
    uint8_t bits[8];
    modbus_t *ctx = modbus_new_rtu(argv[1], 115200, 'N', 8, 1);
    (void) argc;
    modbus_set_slave(ctx, 1);
    modbus_set_response_timeout(ctx, 10, 0);
    if (modbus_connect(ctx) < 0) return 1;
    for (act = 0; act < 2; act++) {
        for (i = 0; i < count; i++) {
            struct timespec a, b;
            clock_gettime(CLOCK_MONOTONIC, &a);
            if ((act ? modbus_write_bit(ctx, 0, 0) : modbus_read_input_bits(ctx, 0, 8, bits)) < 0) return 1;
            clock_gettime(CLOCK_MONOTONIC, &b);
            took[i] = (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3;
        }
        qsort(took, count, sizeof(double), by_value);
        printf("%f %f\n", took[count / 2], took[(int) (count * 0.99)]);
    }
    return 0;
}
