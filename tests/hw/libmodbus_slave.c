/* A slave written by others: libmodbus serves COUNT coils and inputs (pattern 0xA5), and of registers either 0x8000 = 300,
 * or 0..COUNT.  slave rtu DEVICE COUNT [low]   |   slave tcp COUNT [low]   (prints its port) */
#include <arpa/inet.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int is_tcp = argc > 1 && strcmp(argv[1], "tcp") == 0, listener = -1, i;
    int last = is_tcp ? 2 : 3, count = argc > last ? atoi(argv[last]) : 8, is_low = argc > last + 1;
    modbus_t *ctx = is_tcp ? modbus_new_tcp("127.0.0.1", 0) : modbus_new_rtu(argv[2], 9600, 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new_start_address(0, count, 0, count, is_low ? 0 : 0x8000, is_low ? count + 1 : 1, 0, 0);
    if (ctx == NULL || map == NULL) return 1;
    for (i = 0; i < count; i++) map->tab_input_bits[i] = (0xA5 >> i % 8) & 1;
    if (!is_low) map->tab_registers[0] = 300;
    if (is_tcp) {
        struct sockaddr_in where;
        socklen_t size = sizeof where;
        if ((listener = modbus_tcp_listen(ctx, 1)) < 0) return 1;
        getsockname(listener, (struct sockaddr *) &where, &size);
        printf("%d\n", ntohs(where.sin_port));
        fflush(stdout);
        if (modbus_tcp_accept(ctx, &listener) < 0) return 1;
    } else {
        modbus_set_slave(ctx, 1);
        if (modbus_connect(ctx) < 0) return 1;
        printf("ready\n");
        fflush(stdout);
    }
    for (;;) {
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        int size = modbus_receive(ctx, query);
        if (size > 0) modbus_reply(ctx, query, size, map);
        else if (size < 0 && is_tcp) return 0;
    }
}
