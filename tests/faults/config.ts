/** How long the fault tests go on: short in `make test`, longer where KCP_FAULT_ROUNDS says so. */
export const faultRounds = Number(process.env['KCP_FAULT_ROUNDS'] ?? 2);
