using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Store.People;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>Who runs the installation: people who were made operators, and the admin keys of the site that it started with.</summary>
internal sealed class Operators(IOptions<BootstrapOptions> bootstrap)
{
    public bool Include(KeyGrant caller) => caller is PersonGrant person
        ? person.IsOperator
        : caller.Role == KeyRole.Admin && bootstrap.Value.Site.Length > 0 && caller.Site == bootstrap.Value.Site;
}
