export interface Session {
  id: string;
  account: { id: string; name: string };
  /** The name that was given to sign in. */
  login: string;
  roles: string[];
  accessToken: string;
  refreshToken: string;
  /** By this computer's clock, in milliseconds. */
  receivedAt: number;
  expiresAt: number;
}
