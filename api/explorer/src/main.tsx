// What a browser test may rely on, as data-testid:
//   sign-in-form, sign-in-name, sign-in-password, sign-in-submit
//   demo-account            the select; each option's value is the account's user name; absent unless a demo server
//   signed-in               who is signed in; data-account has the id, data-roles the role codes; absent if nobody is
//   sign-out
//   notice, notice-dismiss  what went wrong in signing in or staying so
//   language-zh-CN, language-en
//   examples                the panel
//   example-<name>          one for each file client-schema/operations/explorer/[<number>-]<name>.graphql
// GraphiQL's own: button.graphiql-execute-button runs, section.result-window has the answer.
import 'graphiql/setup-workers/vite';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style/page.css';
import './style/topbar.css';
import './style/examples.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
