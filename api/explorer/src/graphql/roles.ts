import { getNamedType, isLeafType, isObjectType, type GraphQLSchema } from 'graphql';
import { createStore } from '../state/store';
import { post, readResult } from './transport';

export const schema = createStore<GraphQLSchema | null>(null);

/** The roles of whoever holds the token, or none if the server has no such field. */
export async function fetchRoles(token: string): Promise<string[]> {
  const query = schema.get() && rolesQuery(schema.get()!);
  if (!query) return [];
  try {
    const result = await readResult<{ viewer: { roles: (string | { role: string })[] } }>(await post({ query }, { token }));
    const roles = result.data?.viewer?.roles ?? [];
    return [...new Set(roles.map((entry) => (typeof entry === 'string' ? entry : entry.role)))];
  } catch {
    return [];
  }
}

function rolesQuery(from: GraphQLSchema): string | null {
  const viewer = getNamedType(from.getQueryType()?.getFields().viewer?.type);
  const roles = isObjectType(viewer) ? getNamedType(viewer.getFields().roles?.type) : undefined;
  if (isLeafType(roles)) return 'query ExplorerRoles { viewer { roles } }';
  if (isObjectType(roles) && roles.getFields().role) return 'query ExplorerRoles { viewer { roles { role } } }';
  return null;
}
