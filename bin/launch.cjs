'use strict';
// Starts the bundle with the code that V8 compiled when it was built: start-up then takes half the time.
const fs = require('node:fs');
const Module = require('node:module');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');

const root = path.dirname(__dirname);
const bundle = path.join(root, 'dist', 'famfs.cjs');
const cache = path.join(root, 'dist', 'famfs.cache');

/** Runs the verb `verb`, or the one that the command line names. */
exports.launch = function launch(verb) {
  const argv = process.argv.slice(2);
  if (argv[0] === '--build-code-cache') {
    buildCache();
    return;
  }
  assumeUser();
  load(fs.existsSync(cache) ? fs.readFileSync(cache) : undefined).famfs.run(
    verb ? [verb, ...argv] : argv,
    root,
  );
};

/**
 * A user that the system has no entry for, as in a container started with a number, has `/` for a home. oclif asks for
 * home and shell where the environment does not tell them, and would end the program.
 */
function assumeUser() {
  if (process.env.HOME && process.env.SHELL) return;
  try {
    os.userInfo();
  } catch {
    process.env.HOME ||= '/';
    process.env.SHELL ||= '/bin/sh';
  }
}

/**
 * Loads the bundle as the module it is, registered under its own name so that oclif's look for the commands finds it
 * loaded. V8 refuses a cache of another version or other flags, and then compiles as ever.
 */
function load(cachedData) {
  const code = fs.readFileSync(bundle, 'latin1'); // the bundler writes ASCII
  const script = new vm.Script(Module.wrap(code), {
    filename: bundle,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = new Module(bundle);
  module.filename = bundle;
  module.paths = Module._nodeModulePaths(path.dirname(bundle));
  Module._cache[bundle] = module;
  const require = Module.createRequire(bundle);
  script
    .runInThisContext()
    .call(module.exports, module.exports, require, module, bundle, path.dirname(bundle));
  module.loaded = true;
  return { famfs: module.exports, script };
}

/** Keeps the code that a start with `--help` compiled, besides what V8 compiles at once. */
function buildCache() {
  const { famfs, script } = load(undefined);
  process.exit = (status) => {
    process.exitCode = status;
  };
  process.stdout.write = () => true;
  famfs.run(['cp', '--help'], root).then(() => fs.writeFileSync(cache, script.createCachedData()));
}
