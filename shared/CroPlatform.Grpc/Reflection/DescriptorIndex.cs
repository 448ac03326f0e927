using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;

namespace CroPlatform.Grpc;

/// <summary>The services that a host serves and the .proto files that describe them, from what generated code carries of them.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);

    public DescriptorIndex(EndpointDataSource endpoints)
    {
        var methods = endpoints.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()).OfType<GrpcMethodMetadata>().ToList();
        Services = [.. methods.Select(method => method.Method.ServiceName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        foreach (var service in methods.Select(method => method.ServiceType).Distinct())
        {
            if (DescriptorOf(service) is { } descriptor)
                Add(descriptor.File);
        }
    }

    /// <summary>Full names in ordinal order.</summary>
    public IReadOnlyList<string> Services { get; }

    /// <summary>The file and all that it imports, serialized, the file first; null where no file has this name.</summary>
    public IEnumerable<ByteString>? FilesByName(string name) => _files.TryGetValue(name, out var file) ? WithImports(file) : null;

    /// <summary>As <see cref="FilesByName"/>, for the file that defines this service, method, type or field.</summary>
    public IEnumerable<ByteString>? FilesBySymbol(string symbol) => _symbols.TryGetValue(symbol, out var file) ? WithImports(file) : null;

    private static IEnumerable<ByteString> WithImports(FileDescriptor file)
    {
        var files = new List<FileDescriptor> { file };
        for (var i = 0; i < files.Count; i++)
            files.AddRange(files[i].Dependencies.Where(import => !files.Contains(import)));
        return files.Select(each => each.SerializedData);
    }

    // The generated class that binds the service's methods tells its descriptor too; a service written without a .proto has none.
    private static ServiceDescriptor? DescriptorOf(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } binding)
                return binding.BindType.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor;
        }
        return null;
    }

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
            return;
        foreach (var service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (var method in service.Methods)
                _symbols[method.FullName] = file;
        }
        foreach (var message in file.MessageTypes)
            Add(message);
        foreach (var type in file.EnumTypes)
            Add(type);
        foreach (var import in file.Dependencies)
            Add(import);
    }

    private void Add(MessageDescriptor message)
    {
        _symbols[message.FullName] = message.File;
        foreach (var field in message.Fields.InDeclarationOrder())
            _symbols[field.FullName] = message.File;
        foreach (var nested in message.NestedTypes)
            Add(nested);
        foreach (var type in message.EnumTypes)
            Add(type);
    }

    private void Add(EnumDescriptor type)
    {
        _symbols[type.FullName] = type.File;
        foreach (var value in type.Values)
            _symbols[value.FullName] = type.File;
    }
}
