namespace CroPlatform.Local.Commands;

internal static class Help
{
    public const string Text = """
        usage: ./cro COMMAND [options]

          up [--data DIR] [--port N]        install what is missing, build, start everything, wait until it is ready
          down [--data DIR]                 end everything that runs from the data folder
          status [--data DIR] [--json]      what runs, and where
          logs SERVICE [-f] [-n LINES] [--data DIR]
          restart SERVICE [--data DIR]      end one process and start it again
          kill SERVICE [--data DIR]         end one process at once (SIGKILL), to see what the others do
          demo [--events N] [--seed N] [--keep] [--data DIR] [--port N]
                                            real A/B tests as live traffic, results next to the truth; --keep leaves it running
          experiment create FILE.json|start KEY|stop KEY|list [--status S]|results KEY [--json] [--data DIR]
                                            experiments, by the public API; docs/examples has a file of each kind
          test [FILTER]                     all tests, against an instance of their own; FILTER: part of a test's full name
          replay EXPERIMENT [--data DIR]    compute an experiment again from the log, in a schema of its own, and compare
          replay --dead-letter [--dry-run] [--data DIR]
                                            put back what lies in quarantine and can be counted by now
          backup DIR [--data DIR]           copy results, log, spool and keys of a running platform
          restore DIR --data NEW            make a data folder of a backup
          audit verify [--data DIR]         whether the audit log is whole; names the first row that is not
          bench NAME [arguments]            measure; 'bench start' measures starting, 'bench chaos --seed N
                                            --minutes M' breaks everything there is under load and checks every count
          help

        The data folder is .cro in the checkout; its endpoints.json has all addresses and keys. The public port is 8080.
        CRO_KAFKA, CRO_POSTGRES and CRO_REDIS name outside servers to use instead of local ones (docs/operations.md).
        """;
}
