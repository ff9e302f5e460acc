/** Environment variable with the path on which a faulty host takes orders. */
export const FAULT_SOCKET_VARIABLE = "BERTH_TEST_FAULT_SOCKET";
