/** Starts the window. */
import { mount } from 'svelte';
import { connect } from '$lib/backend';
import Main from './App.svelte';
import NoBackend from '$lib/shell/NoBackend.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';

const target = document.getElementById('app');
if (target) {
  const backend = await connect();
  if (backend) mount(Main, { target, props: { backend } });
  else mount(NoBackend, { target });
}
