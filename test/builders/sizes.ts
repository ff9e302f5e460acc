// Powers of two that tests write memory in.

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
