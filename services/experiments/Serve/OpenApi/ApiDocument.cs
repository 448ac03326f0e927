using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>The public HTTP API as an OpenAPI 3.1 document: paths, bodies, examples, who may call what.</summary>
internal static class ApiDocument
{
    private const string ProblemRef = "#/components/schemas/Problem";
    private static readonly Regex PathParameter = new(@"\{(?<name>[a-zA-Z]+)\}", RegexOptions.NonBacktracking);
    private static readonly Regex NotAWord = new("[^a-zA-Z0-9]+", RegexOptions.NonBacktracking);

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        .. EventOperations.All, .. ExperimentOperations.All, .. MetricOperations.All, .. ResultOperations.All, .. PeopleOperations.All, .. PrivacyOperations.All, .. CompatibilityOperations.All,
    ];

    public static JsonObject Build()
    {
        var schemas = new JsonObject();
        var paths = new JsonObject();
        foreach (var operation in Operations)
        {
            if (paths[operation.Path] is not JsonObject path) paths[operation.Path] = path = [];
            path[operation.Method.ToLowerInvariant()] = Describe(operation, schemas);
        }

        schemas["Problem"] = JsonNode.Parse(
            """
            {"type": "object", "required": ["status", "code", "detail"], "properties": {
                "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                "code": {"type": "string", "description": "What is wrong, for programs."},
                "field": {"type": "string", "description": "The member at fault, where one is."},
                "detail": {"type": "string", "description": "What is wrong, for people."}}}
            """);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "CroPlatform",
                ["version"] = "1",
                ["description"] = "JSON in snake_case, times ISO 8601 UTC, fractions instead of percentages. The site is the credential's.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = JsonNode.Parse(
                    """
                    {"key": {"type": "http", "scheme": "bearer", "description": "An API key: write, server or admin."},
                     "person": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A signed-in person's access token."}}
                    """),
            },
        };
    }

    private static JsonObject Describe(Operation operation, JsonObject schemas)
    {
        var described = new JsonObject
        {
            ["tags"] = new JsonArray(operation.Tag),
            ["summary"] = operation.Summary,
            ["operationId"] = IdOf(operation),
            ["security"] = Security(operation),
            ["x-key"] = operation.Key,
            ["x-person"] = operation.Person,
        };
        if (Parameters(operation) is { Count: > 0 } parameters) described["parameters"] = parameters;
        if (operation.Example is not null || operation.Body is not null) described["requestBody"] = Body(operation, schemas);
        described["responses"] = new JsonObject
        {
            [operation.Status.ToString(CultureInfo.InvariantCulture)] = Answer(operation, schemas),
            ["default"] = new JsonObject
            {
                ["description"] = "Nothing was changed.",
                ["content"] = new JsonObject { ["application/problem+json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = ProblemRef } } },
            },
        };
        return described;
    }

    private static JsonArray Security(Operation operation)
    {
        if (operation.Key == "none") return [];
        var security = new JsonArray(new JsonObject { ["key"] = new JsonArray() });
        if (operation.Person is not null) security.Add(new JsonObject { ["person"] = new JsonArray() });
        return security;
    }

    private static JsonArray Parameters(Operation operation)
    {
        var parameters = new JsonArray();
        foreach (Match name in PathParameter.Matches(operation.Path)) parameters.Add(Parameter(name.Groups["name"].Value, "path", isRequired: true));
        foreach (var name in operation.Query) parameters.Add(Parameter(name.TrimEnd('!'), "query", name.EndsWith('!')));
        if (operation.IsCommand)
        {
            parameters.Add(Parameter("Idempotency-Key", "header", isRequired: false));
            if (operation.Path.StartsWith(ExperimentOperations.One, StringComparison.Ordinal)) parameters.Add(Parameter("If-Match", "header", isRequired: false));
        }

        return parameters;
    }

    private static JsonObject Parameter(string name, string place, bool isRequired) => new()
    {
        ["name"] = name,
        ["in"] = place,
        ["required"] = isRequired,
        ["schema"] = new JsonObject { ["type"] = name is "limit" or "offset" ? "integer" : "string" },
    };

    private static JsonObject Body(Operation operation, JsonObject schemas)
    {
        var content = new JsonObject { ["schema"] = operation.Body is { } type ? SchemaRef(type, schemas) : new JsonObject { ["type"] = "object" } };
        if (operation.Example is not null) content["example"] = JsonNode.Parse(operation.Example);
        return new JsonObject { ["content"] = new JsonObject { ["application/json"] = content } };
    }

    private static JsonObject Answer(Operation operation, JsonObject schemas)
    {
        var answer = new JsonObject { ["description"] = operation.Summary };
        if (operation.Status is StatusCodes.Status204NoContent or StatusCodes.Status101SwitchingProtocols) return answer;
        var content = new JsonObject();
        if (operation.Answer is { } type) content["schema"] = SchemaRef(type, schemas);
        if (operation.AnswerExample is not null) content["example"] = JsonNode.Parse(operation.AnswerExample);
        answer["content"] = new JsonObject { [operation.AnswerType] = content };
        return answer;
    }

    private static JsonObject SchemaRef(Type type, JsonObject schemas)
    {
        var name = type.Name;
        var place = $"#/components/schemas/{name}";
        if (!schemas.ContainsKey(name))
        {
            schemas[name] = JsonBody.Options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
            Root(schemas[name], place);
        }

        return new JsonObject { ["$ref"] = place };
    }

    /// <summary>A schema refers to its own parts from its own root, which here is a place in the document.</summary>
    private static void Root(JsonNode? node, string place)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Root(item, place);
        }
        else if (node is JsonObject json)
        {
            if (json["$ref"] is JsonValue reference) json["$ref"] = place + ((string)reference!)[1..];
            foreach (var (_, value) in json.ToList()) Root(value, place);
        }
    }

    /// <summary>startExperiment from POST /api/v1/experiments/{key}/start: unique, and stable as long as the path is.</summary>
    private static string IdOf(Operation operation)
    {
        var words = NotAWord.Split(operation.Path).Where(w => w.Length > 0 && w is not ("api" or "v1"));
        return operation.Method.ToLowerInvariant() + string.Concat(words.Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
    }
}

internal static class ApiDocumentEndpoint
{
    public static void MapApiDocument(this IEndpointRouteBuilder app)
    {
        var document = JsonSerializer.SerializeToUtf8Bytes(ApiDocument.Build());
        app.MapGet("/api/v1/openapi.json", () => Results.Bytes(document, "application/json")).RequireKey(KeyRole.Write, orPerson: PersonRole.Viewer);
    }
}
