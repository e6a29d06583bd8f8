import type { PrinterColumn, ResourceDefinition } from '@kcp-ts/api';
import type { JsonPath } from '@kcp-ts/schema';
import type { Cell } from './cell.ts';
import { pathCell } from './path-cell.ts';

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  /** `name` marks the column that clients take the object's name from. */
  readonly format: string;
  readonly description: string;
  /** Columns above 0 show with `kubectl get -o wide` only. */
  readonly priority: number;
}

export interface TablePrinter {
  readonly columnDefinitions: readonly ColumnDefinition[];
  /** The same as JSON text, made once. */
  readonly columnDefinitionsJson: string;
  /** One row; `now` in milliseconds, for ages. */
  cells(object: unknown, now: number): unknown[];
}

export type CompileJsonPath = (text: string) => JsonPath;

/**
 * What the paths of one row may look at together: some milliseconds. Cells past it are empty, as
 * those are whose path does not fit.
 */
const rowSteps = 100_000;

const nameColumn: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name of the object, unique for its kind within its namespace, or within the workspace where the kind has no namespaces.',
  jsonPath: '.metadata.name',
};

const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

/**
 * Rows of built-in kinds say all their columns; custom ones leave out the name, and get an age
 * where they have no columns at all.
 */
function allColumns(definition: ResourceDefinition): readonly PrinterColumn[] {
  if (definition.columns.some(({ format, jsonPath }) => format === 'name' && jsonPath === '.metadata.name'))
    return definition.columns;
  return [nameColumn, ...(definition.columns.length === 0 ? [ageColumn] : definition.columns)];
}

function definitionOf(column: PrinterColumn): ColumnDefinition {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description:
      column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath ?? ''}`,
    priority: column.priority ?? 0,
  };
}

function unknownCell(): null {
  return null;
}

function cellOf(column: PrinterColumn, missing: unknown, compileJsonPath: CompileJsonPath): Cell {
  if (column.cell !== undefined) return column.cell;
  return column.jsonPath === undefined ? unknownCell : pathCell(column.jsonPath, column.type, missing, compileJsonPath);
}

/**
 * Compiles the columns of a resource. Throws what `compileJsonPath` throws on a path that is none,
 * which the check of definitions keeps out. A missing value is null in a custom kind's table; in a
 * built-in kind's it is the empty text, the zero value of Go.
 */
export function createTablePrinter(definition: ResourceDefinition, compileJsonPath: CompileJsonPath): TablePrinter {
  const columns = allColumns(definition);
  const columnDefinitions = columns.map(definitionOf);
  const compiled = columns.map((column) =>
    cellOf(column, definition.dialect === 'builtin' && column.type === 'string' ? '' : null, compileJsonPath),
  );
  return {
    columnDefinitions,
    columnDefinitionsJson: JSON.stringify(columnDefinitions),
    cells(object, now) {
      const fields = object as Readonly<Record<string, unknown>>;
      const steps = { left: rowSteps };
      return compiled.map((cell) => cell(fields, now, steps));
    },
  };
}
