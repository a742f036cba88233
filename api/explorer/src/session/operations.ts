import type { GraphQLError } from '../graphql/transport';

const TOKENS = `
    accessToken
    accessTokenExpiresAt
    refreshToken
    refreshTokenExpiresAt
    session { id account { id name } }
    errors { code message path }`;

export const SESSION_START = `mutation SessionStart($input: SessionStartInput!) {
  sessionStart(input: $input) {${TOKENS}
  }
}`;

export const SESSION_REFRESH = `mutation SessionRefresh($input: SessionRefreshInput!) {
  sessionRefresh(input: $input) {${TOKENS}
  }
}`;

export const SESSION_END = `mutation SessionEnd($input: SessionEndInput!) {
  sessionEnd(input: $input) { errors { code } }
}`;

export interface TokenPayload {
  accessToken: string | null;
  accessTokenExpiresAt: string | null;
  refreshToken: string | null;
  refreshTokenExpiresAt: string | null;
  session: { id: string; account: { id: string; name: string } } | null;
  errors: GraphQLError[];
}
