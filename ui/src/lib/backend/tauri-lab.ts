/** Subjects and faults in force, asked of the program in the real window. Beside `tauri.ts`, the only file that knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import type { Commands } from './types';

type LabCommand =
  | 'listSubjects'
  | 'startTryOut'
  | 'tryOut'
  | 'injectTryOut'
  | 'revertTryOut'
  | 'closeTryOut'
  | 'listFaults'
  | 'revertFault'
  | 'sweep';

export const labCommands: Pick<Commands, LabCommand> = {
  listSubjects: () => invoke('list_subjects'),
  startTryOut: (subject) => invoke('start_try_out', { subject }),
  tryOut: () => invoke('try_out'),
  injectTryOut: (fault) => invoke('inject_try_out', { fault }),
  revertTryOut: () => invoke('revert_try_out'),
  closeTryOut: () => invoke('close_try_out'),
  listFaults: () => invoke('list_faults'),
  revertFault: (id) => invoke('revert_fault', { id }),
  sweep: () => invoke('sweep'),
};
