"""How fast a large object goes to S3 and comes back, beside boto3's own transfer as it comes."""
