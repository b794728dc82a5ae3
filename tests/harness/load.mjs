// Load: several workers that do one thing again and again, until they are told to stop.

/** Starts `width` workers. `done` counts what went well; `failures` has what did not, as far as memory allows. */
export function underLoad(width, work) {
  const load = { done: 0, failures: [] };
  let over = false;
  const worker = async (number) => {
    while (!over) {
      try {
        await work(number);
        load.done++;
      } catch (error) {
        if (load.failures.length < 100) load.failures.push(error);
        else over = true;
      }
    }
  };
  const workers = Promise.all(Array.from({ length: width }, (_, number) => worker(number)));
  load.stop = async () => {
    over = true;
    await workers;
    return load;
  };
  return load;
}
