using System.Collections.ObjectModel;
using Grpc.Core.Interceptors;

namespace Grpc.AspNetCore.Server;

/// <summary>One interceptor of the host, and what its constructor gets besides what the container has.</summary>
public sealed class InterceptorRegistration
{
    private readonly object[] _arguments;

    internal InterceptorRegistration(Type type, object[] arguments)
    {
        if (!typeof(Interceptor).IsAssignableFrom(type))
            throw new ArgumentException($"{type} is no {typeof(Interceptor)}.", nameof(type));
        (Type, _arguments) = (type, arguments);
    }

    public Type Type { get; }

    public IReadOnlyList<object> Arguments => _arguments;
}

/// <summary>
/// The interceptors before every method, the first of them outermost. An instance comes from the container if it is registered there, or
/// is made and disposed of for each call.
/// </summary>
public sealed class InterceptorCollection : Collection<InterceptorRegistration>
{
    public void Add<TInterceptor>(params object[] args)
        where TInterceptor : Interceptor => Add(typeof(TInterceptor), args);

    public void Add(Type interceptorType, params object[] args) => Add(new InterceptorRegistration(interceptorType, args));
}
