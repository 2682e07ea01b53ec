"""What works on the data besides crawlers: the Lambda and its schedule, the Glue job, the Athena workgroup."""

from __future__ import annotations

from typing import Any

from infra.places import address, below_prefix, substituted
from infra.roles import logical_id
from pyspotify_assets.settings import Settings

HANDLER = "lambda_function.handler.handler"
_KMS_KEY_OR_NONE = {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}


def worker_resources(settings: Settings) -> dict[str, Any]:
    """The function, its log and schedule, the job and the workgroup of the pipeline stack."""
    return _function(settings) | _schedule(settings) | _job(settings) | _workgroup(settings)


def _function(settings: Settings) -> dict[str, Any]:
    name = settings.names.function
    environment = {
        "PYSPOTIFY_LANDING": substituted(address(settings, "landing")),
        "PYSPOTIFY_SECRET": settings.secret or settings.names.secret,
        "PYSPOTIFY_TIMEZONE": settings.timezone,
        "PYSPOTIFY_SPOTIFY_URL": settings.spotify_url,
        "PYSPOTIFY_SPOTIFY_TIMEOUT": f"{settings.spotify_timeout:g}",
        "PYSPOTIFY_SPOTIFY_ATTEMPTS": str(settings.spotify_attempts),
        "PYSPOTIFY_KMS_KEY": _KMS_KEY_OR_NONE,
        **({"PYSPOTIFY_S3_ENCRYPTION": settings.s3_encryption} if settings.s3_encryption else {}),
    }
    return {
        "ExtractLog": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": {"Ref": "LogDays"}},
        },
        "ExtractFunction": {
            "Type": "AWS::Lambda::Function",
            # Else the function could make the group itself, and the stack would find one that is not its own.
            "DependsOn": "ExtractLog",
            "Properties": {
                "FunctionName": name,
                "Description": "Takes a snapshot of every feed without Dagster and puts it into landing",
                "Runtime": "python3.13",
                "Architectures": ["arm64"],
                "Handler": HANDLER,
                "Code": {"S3Bucket": substituted(settings.bucket("code")), "S3Key": {"Ref": "LambdaKey"}},
                "Role": {"Fn::GetAtt": [logical_id("lambda"), "Arn"]},
                "Timeout": 300,
                "MemorySize": 512,
                "Environment": {"Variables": environment},
            },
        },
        "ExtractInvocations": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "ExtractFunction"},
                "Qualifier": "$LATEST",
                # A snapshot that was taken late or twice would be of another moment than its day's others.
                "MaximumRetryAttempts": 0,
                "MaximumEventAgeInSeconds": 3600,
            },
        },
    }


def _schedule(settings: Settings) -> dict[str, Any]:
    return {
        "ExtractSchedule": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": settings.names.function,
                "Description": "The daily snapshot by the Lambda; off unless asked for: otherwise Dagster takes it",
                "State": {"Fn::If": ["ExtractsByLambda", "ENABLED", "DISABLED"]},
                "ScheduleExpression": f"cron(0 {settings.snapshot_hour} * * ? *)",
                "ScheduleExpressionTimezone": settings.timezone,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": {"Fn::GetAtt": ["ExtractFunction", "Arn"]},
                    "RoleArn": {"Fn::GetAtt": [logical_id("scheduler"), "Arn"]},
                    "Input": "{}",
                    "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600},
                },
            },
        }
    }


def _job(settings: Settings) -> dict[str, Any]:
    code = settings.bucket("code")
    return {
        "RefineJob": {
            "Type": "AWS::Glue::Job",
            "Properties": {
                "Name": settings.names.glue_job,
                "Description": "Refines days that one machine cannot hold; started by Dagster",
                "Role": {"Fn::GetAtt": [logical_id("glue-job"), "Arn"]},
                "Command": {
                    "Name": "glueetl",
                    "PythonVersion": "3",
                    "ScriptLocation": substituted(f"s3://{code}/${{JobScriptKey}}"),
                },
                "GlueVersion": "5.0",
                "WorkerType": "G.1X",
                "NumberOfWorkers": 10,
                "ExecutionProperty": {"MaxConcurrentRuns": 10},
                "MaxRetries": 0,
                "Timeout": 60,
                "DefaultArguments": {
                    "--job-language": "python",
                    "--extra-py-files": substituted(f"s3://{code}/${{JobPackagesKey}}"),
                    "--job-bookmark-option": "job-bookmark-disable",
                    "--enable-auto-scaling": "true",
                },
            },
        }
    }


def _workgroup(settings: Settings) -> dict[str, Any]:
    place = f"s3://{settings.bucket('athena')}/{below_prefix(settings, '')}"
    encryption = {
        "Fn::If": [
            "HasKmsKey",
            {"EncryptionOption": "SSE_KMS", "KmsKey": {"Ref": "KmsKeyArn"}},
            {"EncryptionOption": "SSE_S3"},
        ]
    }
    return {
        "Workgroup": {
            "Type": "AWS::Athena::WorkGroup",
            "Properties": {
                "Name": settings.names.workgroup,
                "Description": "Queries of pyspotify_assets: where results go, and how much one may scan",
                "RecursiveDeleteOption": True,
                "State": "ENABLED",
                "WorkGroupConfiguration": {
                    "EnforceWorkGroupConfiguration": True,
                    "PublishCloudWatchMetricsEnabled": True,
                    "BytesScannedCutoffPerQuery": {"Ref": "ScanCutoff"},
                    "ResultConfiguration": {
                        "OutputLocation": substituted(place),
                        "EncryptionConfiguration": encryption,
                        "ExpectedBucketOwner": {"Ref": "AWS::AccountId"},
                    },
                },
            },
        }
    }
