using System.Diagnostics;
using System.Text;

namespace CroPlatform.Bench.Load;

/// <summary>Connections that each send a request, wait for its answer and send the next.</summary>
internal static class HttpLoad
{
    /// <summary>The bytes of a POST of JSON.</summary>
    public static byte[] Post(string path, string key, string body) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    /// <summary>The bytes of a GET.</summary>
    public static byte[] Get(string path, string authorization) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\n\r\n");

    /// <param name="done">The units of work that an answer acknowledges; less than 0 if it is not the wanted one.</param>
    public static Task<Measurement> RunAsync(
        Settings settings, Uri server, int connections, byte[] request, int perRequest, Func<HttpReply, int> done, Func<Task<double>>? cpuSeconds)
    {
        var window = new Window(settings);
        return Measurement.OfAsync(
            window, perRequest, Enumerable.Range(0, connections).Select(c => Task.Run(() => ConnectionAsync(window, server, new Template(request, c), done))), cpuSeconds);
    }

    private static async Task<Tally> ConnectionAsync(Window window, Uri server, Template template, Func<HttpReply, int> done)
    {
        var tally = new Tally(window);
        using var connection = await HttpConnection.OpenAsync(server);
        for (var asked = Stopwatch.GetTimestamp(); !window.IsOver(asked); asked = Stopwatch.GetTimestamp())
        {
            var work = done(await connection.AskAsync(template.Next()));
            if (work < 0) tally.Failure();
            else tally.Answer(asked, work);
        }

        return tally;
    }
}
